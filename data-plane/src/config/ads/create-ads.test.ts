import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { AdsConfig } from '../model/bootstrap.ts';
import { decoderOptions, encodeYaml, resourceTypes } from '../resources/testing/decode-yaml.ts';
import type { RejectedResource, ResourceUpdate, ResourceWatcher } from '../subscription.ts';
import { createAds, type Ads } from './create-ads.ts';
import { ManagementServer } from './testing/management-server.ts';
import { RecordingStats } from './testing/recording-stats.ts';

const { api } = decoderOptions;
const { cluster, endpoints } = resourceTypes;

interface Setup {
  readonly ads: Ads;
  readonly stats: RecordingStats;
  [Symbol.dispose](): void;
}

function start(ports: readonly number[], config: Partial<AdsConfig> = {}): Setup {
  const stats = new RecordingStats();
  const ads = createAds({
    config: {
      variant: 'sotw',
      clusterName: 'xds',
      authority: 'xds',
      addresses: ports.map((port) => ({ address: '127.0.0.1', port })),
      initialMetadata: [{ key: 'x-key', value: 'v' }],
      connectTimeoutMs: 5000,
      backOff: { baseMs: 5, maxMs: 20 },
      ...config,
    },
    node: {
      id: 'n',
      cluster: 'c',
      locality: { region: '', zone: '', subZone: '' },
      metadata: {},
      userAgentName: 'heddle',
      userAgentVersion: '1',
      bytes: api.encode('envoy.config.core.v3.Node', { id: 'n', cluster: 'c' }),
    },
    api,
    resourceTypes: Object.values(resourceTypes),
    clock: systemClock,
    rng: createSeededRng(1),
    logger: createSilentLogger(),
    stats,
    onProcessed: () => {},
  });
  ads.start();
  return { ads, stats, [Symbol.dispose]: () => ads.stop() };
}

async function startServer(): Promise<ManagementServer & Disposable> {
  const server = new ManagementServer(api);
  await server.listen();
  return Object.assign(server, { [Symbol.dispose]: () => server.kill() });
}

/** Updates as they come, one `next` each. */
class AwaitableWatcher implements ResourceWatcher<unknown> {
  readonly #events: string[] = [];
  readonly #waiting: ((event: string) => void)[] = [];

  onUpdate({ upserts, removed, systemVersion }: ResourceUpdate<unknown>): readonly RejectedResource[] {
    this.#push(`${systemVersion} +${upserts.map(({ name }) => name).join(',')} -${removed.join(',')}`);
    return [];
  }

  onRejected(refused: readonly RejectedResource[]): void {
    this.#push(`rejected ${refused.map(({ name }) => name).join(',')}`);
  }

  onInitialFetchTimeout(): void {
    this.#push('timeout');
  }

  next(): Promise<string> {
    const event = this.#events.shift();
    return event === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(event);
  }

  #push(event: string): void {
    const wake = this.#waiting.shift();
    if (wake === undefined) this.#events.push(event);
    else wake(event);
  }
}

function clusterAny(yaml: string): { typeUrl: string; value: Buffer } {
  return { typeUrl: typeUrls.cluster, value: encodeYaml(cluster, yaml) };
}

test('a server at a pipe', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ads-'));
  try {
    const server = new ManagementServer(api);
    const pipe = path.join(folder, 'xds.sock');
    await server.listen(`unix:${pipe}`);
    using proxy = start([], { addresses: [{ address: pipe, port: 0 }] });
    proxy.ads.source(cluster).subscribe(undefined, new AwaitableWatcher(), 0);
    const stream = await server.nextSotwStream();
    assert.equal(stream.authority, 'xds');
    assert.equal((await stream.request(0)).node?.id, 'n');
    server.kill();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('state of the world over a real stream: node, metadata, ACK, NACK with paths', async () => {
  using server = await startServer();
  using proxy = start([server.port]);
  const watcher = new AwaitableWatcher();
  proxy.ads.source(cluster).subscribe(undefined, watcher, 0);
  const stream = await server.nextSotwStream();
  const first = await stream.request(0);
  assert.equal(first.node?.id, 'n');
  assert.deepEqual(
    [first.typeUrl, first.versionInfo, first.responseNonce, first.resourceNames],
    [typeUrls.cluster, '', '', []],
  );
  assert.equal(stream.metadata.get('x-key'), 'v');
  assert.equal(stream.authority, 'xds');
  stream.respond({
    typeUrl: typeUrls.cluster,
    versionInfo: '1',
    nonce: 'a',
    resources: [clusterAny('name: a')],
    controlPlane: { identifier: 'me' },
  });
  assert.equal(await watcher.next(), '1 +a -');
  const ack = await stream.request(1);
  assert.deepEqual(
    [ack.versionInfo, ack.responseNonce, ack.errorDetail, ack.node],
    ['1', 'a', undefined, undefined],
  );
  stream.respond({
    typeUrl: typeUrls.cluster,
    versionInfo: '2',
    nonce: 'b',
    resources: [clusterAny('{ name: a, lb_policy: MAGLEV, connect_timeout: 0s }'), clusterAny('name: b')],
  });
  assert.equal(await watcher.next(), '2 +b -');
  const nack = await stream.request(2);
  assert.deepEqual([nack.versionInfo, nack.responseNonce, nack.errorDetail?.code], ['1', 'b', 13]);
  assert.match(
    nack.errorDetail?.message ?? '',
    /^Cluster "a": connect_timeout: .*; lb_policy: MAGLEV is not supported by Heddle yet/,
  );
  const status = proxy.ads.status();
  assert.deepEqual(
    [status.isConnected, status.controlPlane, status.address],
    [true, 'me', `127.0.0.1:${server.port}`],
  );
  assert.equal(proxy.stats.read('control_plane.connected_state'), 1);
});

test('delta over a real stream: names, removal, one ACK for each response', async () => {
  using server = await startServer();
  using proxy = start([server.port], { variant: 'delta' });
  const watcher = new AwaitableWatcher();
  proxy.ads.source(endpoints).subscribe(['a', 'b'], watcher, 0);
  const stream = await server.nextDeltaStream();
  assert.deepEqual((await stream.request(0)).resourceNamesSubscribe, ['a', 'b']);
  const assignment = encodeYaml(endpoints, 'cluster_name: a');
  stream.respond({
    typeUrl: typeUrls.clusterLoadAssignment,
    nonce: '1',
    systemVersionInfo: 's',
    resources: [
      { name: 'a', version: 'v1', resource: { typeUrl: typeUrls.clusterLoadAssignment, value: assignment } },
    ],
    removedResources: ['b'],
  });
  assert.equal(await watcher.next(), 's +a -b');
  assert.equal((await stream.request(1)).responseNonce, '1');
  stream.respond({ typeUrl: typeUrls.clusterLoadAssignment, nonce: '2', removedResources: ['a'] });
  assert.equal(await watcher.next(), ' + -a');
  assert.equal((await stream.request(2)).responseNonce, '2');
});

test('a server that dies and comes back finds everything asked for again; the configuration stays meanwhile', async () => {
  using server = await startServer();
  using proxy = start([server.port]);
  const watcher = new AwaitableWatcher();
  proxy.ads.source(cluster).subscribe(undefined, watcher, 0);
  const before = await server.nextSotwStream();
  await before.request(0);
  before.respond({
    typeUrl: typeUrls.cluster,
    versionInfo: '1',
    nonce: 'a',
    resources: [clusterAny('name: a')],
  });
  assert.equal(await watcher.next(), '1 +a -');
  await before.request(1);
  server.kill();
  await server.listen();
  const after = await server.nextSotwStream();
  const again = await after.request(0);
  assert.deepEqual([again.versionInfo, again.responseNonce, again.node?.id], ['1', '', 'n']);
  after.respond({
    typeUrl: typeUrls.cluster,
    versionInfo: '2',
    nonce: 'a',
    resources: [clusterAny('name: b')],
  });
  assert.equal(await watcher.next(), '2 +b -a');
});

test('a stream that the server ends is opened anew', async () => {
  using server = await startServer();
  using proxy = start([server.port]);
  proxy.ads.source(cluster).subscribe(undefined, new AwaitableWatcher(), 0);
  const first = await server.nextSotwStream();
  await first.request(0);
  first.end();
  await (await server.nextSotwStream()).request(0);
});

test('an address that refuses is passed over for the next', async () => {
  using server = await startServer();
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  // Which address is first is a matter of chance: one of the two orders begins with the closed port.
  for (const ports of [
    [port, server.port],
    [server.port, port],
  ]) {
    using proxy = start(ports);
    proxy.ads.source(cluster).subscribe(undefined, new AwaitableWatcher(), 0);
    await (await server.nextSotwStream()).request(0);
  }
});

test('without a server the first fetch times out, and nothing waits for it', async () => {
  using proxy = start([1]);
  const watcher = new AwaitableWatcher();
  proxy.ads.source(cluster).subscribe(undefined, watcher, 20);
  assert.equal(await watcher.next(), 'timeout');
  assert.equal(proxy.ads.status().isConnected, false);
});

test('a name that the server does not answer times out; the one that it answers does not wait for it', async () => {
  using server = await startServer();
  using proxy = start([server.port]);
  const [answered, unanswered] = [new AwaitableWatcher(), new AwaitableWatcher()];
  proxy.ads.source(endpoints).subscribe(['a'], answered, 0);
  proxy.ads.source(endpoints).subscribe(['b'], unanswered, 50);
  const stream = await server.nextSotwStream();
  assert.deepEqual((await stream.request(0)).resourceNames, ['a', 'b']);
  stream.respond({
    typeUrl: typeUrls.clusterLoadAssignment,
    versionInfo: '1',
    nonce: 'a',
    resources: [{ typeUrl: typeUrls.clusterLoadAssignment, value: encodeYaml(endpoints, 'cluster_name: a') }],
  });
  assert.equal(await answered.next(), '1 +a -');
  assert.equal(await unanswered.next(), 'timeout');
});

/** Passes bytes on until told to keep them: a network that swallows everything. */
class BlackHole {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  isSwallowing = false;

  constructor(target: number) {
    this.#server = createServer((downstream) => {
      const upstream = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [downstream, upstream],
        [upstream, downstream],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (chunk) => {
          if (!this.isSwallowing) to.write(chunk);
        });
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
      // What comes later finds the network in order.
      this.#server.once('connection', () => (this.isSwallowing = false));
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

test('a connection that went silent is noticed by pings, and replaced', async () => {
  using server = await startServer();
  using hole = new BlackHole(server.port);
  using proxy = start([await hole.listen()], { keepAlive: { intervalMs: 50, timeoutMs: 50 } });
  proxy.ads.source(cluster).subscribe(undefined, new AwaitableWatcher(), 0);
  await (await server.nextSotwStream()).request(0);
  hole.isSwallowing = true;
  await (await server.nextSotwStream()).request(0);
});
