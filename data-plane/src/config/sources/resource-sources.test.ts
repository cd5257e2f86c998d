import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { createSubscriptionStats } from '../ads/subscription-stats.ts';
import { ManagementServer } from '../ads/testing/management-server.ts';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import type { GrpcService, ResourceSource } from '../model/resource-source.ts';
import { decoderOptions, encodeYaml, resourceTypes } from '../resources/testing/decode-yaml.ts';
import { createResourceSources } from './resource-sources.ts';
import { LineWatcher } from './testing/line-watcher.ts';

const { api } = decoderOptions;
const { cluster, endpoints } = resourceTypes;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

function createSources(t: TestContext, port: number) {
  const stats = new RecordingStats();
  const sources = createResourceSources({
    bootstrap: {
      node: {
        id: 'n',
        cluster: 'c',
        locality: { region: '', zone: '', subZone: '' },
        metadata: {},
        userAgentName: 'heddle',
        userAgentVersion: '1',
        bytes: api.encode('envoy.config.core.v3.Node', { id: 'n', cluster: 'c' }),
      },
      grpcServers: new Map([
        ['xds', { addresses: [{ address: '127.0.0.1', port }], connectTimeoutMs: 5000 }],
      ]),
    },
    api,
    clock: systemClock,
    rng: createSeededRng(1),
    logger: createSilentLogger(),
    stats,
    ads: undefined,
    serverTls: () => undefined,
  });
  t.after(() => sources.stop());
  return { sources, stats };
}

const grpc = (variant: GrpcService['variant']): ResourceSource => ({
  kind: 'grpc',
  service: {
    variant,
    clusterName: 'xds',
    authority: 'xds',
    initialMetadata: [],
    backOff: { baseMs: 5, maxMs: 20 },
  },
});

async function startServer(t: TestContext): Promise<ManagementServer> {
  const server = new ManagementServer(api);
  await server.listen();
  t.after(() => server.kill());
  return server;
}

test('each type has a stream of its own service, which all its subscribers share', async (t) => {
  const server = await startServer(t);
  const { sources, stats } = createSources(t, server.port);
  const [all, a, b] = [new LineWatcher(), new LineWatcher(), new LineWatcher()];
  sources.sourceOf(cluster)(grpc('sotw'), 'cluster_manager.cds.').subscribe(undefined, all, 0);
  const clusterStream = await server.nextSotwStream();
  assert.equal((await clusterStream.request(0)).typeUrl, cluster.typeUrl);
  const edsSource = sources.sourceOf(endpoints);
  const first = edsSource(grpc('sotw'), 'cluster.a.').subscribe(['a'], a, 0);
  const second = edsSource(grpc('sotw'), 'cluster.b.').subscribe(['b'], b, 0);
  const edsStream = await server.nextSotwStream();
  assert.deepEqual((await edsStream.request(0)).resourceNames, ['a', 'b']);
  const any = (name: string) => ({
    typeUrl: endpoints.typeUrl,
    value: encodeYaml(endpoints, `cluster_name: ${name}`),
  });
  edsStream.respond({
    typeUrl: endpoints.typeUrl,
    versionInfo: '1',
    nonce: 'x',
    resources: [any('a'), any('b')],
  });
  await until(() => b.lines.length === 1);
  assert.deepEqual([a.lines, b.lines, all.lines], [['1 +a -'], ['1 +b -'], []]);
  assert.equal(stats.read('cluster.a.control_plane.connected_state'), 1);
  assert.deepEqual(
    sources.status().map(({ typeUrl }) => typeUrl),
    [cluster.typeUrl, endpoints.typeUrl],
  );
  first.close();
  second.close();
  assert.equal(sources.status().length, 1);
});

test('the incremental variant', async (t) => {
  const server = await startServer(t);
  const { sources } = createSources(t, server.port);
  const watcher = new LineWatcher();
  sources.sourceOf(endpoints)(grpc('delta'), 'cluster.a.').subscribe(['a'], watcher, 0);
  const stream = await server.nextDeltaStream();
  assert.deepEqual((await stream.request(0)).resourceNamesSubscribe, ['a']);
  stream.respond({ typeUrl: endpoints.typeUrl, nonce: 'x', removedResources: ['a'], systemVersionInfo: '7' });
  await until(() => watcher.lines.length === 1);
  assert.deepEqual(watcher.lines, ['7 + -a']);
});

/** A server of `POST /v3/discovery:…`; the test says what each poll gets. */
async function startRest(t: TestContext) {
  const polls: {
    readonly request: IncomingMessage;
    readonly body: Record<string, unknown>;
    readonly answer: ServerResponse;
  }[] = [];
  const server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      polls.push({ request, body, answer });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const poll = async (index: number) => {
    await until(() => polls.length > index);
    const found = polls[index];
    assert.ok(found);
    return found;
  };
  return { port: (server.address() as AddressInfo).port, poll };
}

test('polling: the version that is held, 304, failures, refusals, and names that come later', async (t) => {
  const server = await startRest(t);
  const { sources, stats } = createSources(t, server.port);
  const rest: ResourceSource = {
    kind: 'rest',
    service: { clusterName: 'xds', refreshDelayMs: 1, requestTimeoutMs: 2000 },
  };
  const counted = createSubscriptionStats(stats.scope('s.'), 'rest');
  const watcher = new LineWatcher();
  const source = sources.sourceOf(endpoints)(rest, 'cluster.a.');
  source.subscribe(['a'], watcher, 0, counted);
  const assignment = (name: string, more = {}) => ({
    '@type': endpoints.typeUrl,
    cluster_name: name,
    ...more,
  });
  const first = await server.poll(0);
  assert.equal(`${first.request.method} ${first.request.url}`, 'POST /v3/discovery:endpoints');
  assert.equal(first.request.headers.host, 'xds');
  assert.deepEqual(first.body, {
    node: { id: 'n', cluster: 'c' },
    resourceNames: ['a'],
    typeUrl: endpoints.typeUrl,
  });
  first.answer.end(JSON.stringify({ version_info: '1', resources: [assignment('a')] }));
  const second = await server.poll(1);
  assert.equal(second.body['versionInfo'], '1');
  second.answer.writeHead(304).end();
  (await server.poll(2)).answer.writeHead(503).end('no');
  (await server.poll(3)).answer.end('{ "resources": [');
  (await server.poll(4)).answer.end(
    JSON.stringify({
      version_info: '2',
      resources: [assignment('a', { policy: { drop_overloads: [{ category: '' }] } })],
    }),
  );
  const sixth = await server.poll(5);
  assert.equal(sixth.body['versionInfo'], '1', 'what was refused is not held');
  const late = new LineWatcher();
  source.subscribe(['b'], late, 0);
  sixth.answer.end(JSON.stringify({ version_info: '3', resources: [assignment('a')] }));
  const seventh = await server.poll(6);
  assert.deepEqual([seventh.body['resourceNames'], seventh.body['versionInfo']], [['a', 'b'], undefined]);
  seventh.answer.end(JSON.stringify({ version_info: '3', resources: [assignment('a'), assignment('b')] }));
  await until(() => late.lines.length === 1);
  assert.deepEqual(watcher.lines, ['1 +a -', 'rejected ', 'rejected a']);
  assert.deepEqual(
    ['update_success', 'update_rejected', 'update_failure'].map((name) => stats.read(`s.${name}`)),
    [3, 2, 1],
  );
});

test('a poll that is not answered in time is a failure', async (t) => {
  const server = await startRest(t);
  const { sources, stats } = createSources(t, server.port);
  const rest: ResourceSource = {
    kind: 'rest',
    service: { clusterName: 'xds', refreshDelayMs: 1, requestTimeoutMs: 20 },
  };
  const counted = createSubscriptionStats(stats.scope('s.'), 'rest');
  sources.sourceOf(cluster)(rest, 's.').subscribe(undefined, new LineWatcher(), 0, counted);
  await until(() => stats.read('s.update_failure') === 2);
  assert.equal((await server.poll(1)).request.url, '/v3/discovery:clusters');
});
