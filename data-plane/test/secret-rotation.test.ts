import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { probeAddress } from '../src/probe-address.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { cluster, listener, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { startSidecarProcess } from './statistics/sidecar-process.ts';
import { dynamicResources, XdsPusher } from './statistics/xds-pusher.ts';

/** `npm run rotations` makes a thousand. */
const rotationCount = Number(process.argv[2] ?? 50);
/** So many authorities are trusted at a time: a leaf is known before it shows itself, and for a while after. */
const trustedCount = 4;
const loadConnectionCount = 4;
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const { secret } = resourceTypes;

const overAds = (name: string): Json => ({ name, sds_config: { ads: {}, resource_api_version: 'V3' } });
const common = {
  tls_certificate_sds_secret_configs: [overAds('leaf')],
  validation_context_sds_secret_config: overAds('root'),
};
const socketOf = (kind: string, context: Json): Json => ({
  transport_socket: {
    name: 'tls',
    typed_config: { '@type': `${tls}.${kind}TlsContext`, ...context, common_tls_context: common },
  },
});
const inline = (text: string): Json => ({ inline_string: text });

function buildResources(xdsPort: number, securePort: number): Json {
  const direct = [{ match: { prefix: '/' }, direct_response: { status: 200, body: inline('x') } }];
  const filters = [{ name: 'm', typed_config: manager('secure', direct) }];
  const chain = { filters, ...socketOf('Downstream', { require_client_certificate: true }) };
  const toMutual = [{ match: { prefix: '/' }, route: { cluster: 'mutual' } }];
  const dynamic = dynamicResources(xdsPort);
  const { clusters } = dynamic['static_resources'] as { clusters: Json[] };
  return {
    ...dynamic,
    static_resources: {
      clusters: [
        ...clusters,
        cluster('mutual', [securePort], { connect_timeout: '10s', ...socketOf('Upstream', {}) }),
      ],
      listeners: [
        listener('secure', {}, { address: socketAddress(securePort), filter_chains: [chain] }),
        listener('plain', manager('plain', toMutual)),
      ],
    },
  };
}

async function openTls(port: number, as: TestCertificate): Promise<TLSSocket> {
  const identity = { cert: as.pem, key: as.privateKeyPem };
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identity });
  await once(socket, 'secureConnect');
  return socket;
}

const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

/** One request after the other on one connection, until it is told to stop. */
class Load {
  answeredCount = 0;
  failedCount = 0;
  readonly client: RawClient;
  readonly #done: Promise<void>;
  #isStopped = false;

  constructor(client: RawClient) {
    this.client = client;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  isStopped(): boolean {
    return this.#isStopped;
  }

  async #run(): Promise<void> {
    while (!this.isStopped()) {
      this.client.send(request);
      try {
        const { status } = await this.client.answer();
        if (status === 200) this.answeredCount++;
        else this.failedCount++;
      } catch {
        this.failedCount++;
        return;
      }
    }
  }
}

test('leaf and root rotate under load: no request fails, and no connection is closed', async (t) => {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  t.after(() => pusher.server.kill());
  const { port: securePort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const sidecar = await startSidecarProcess(buildResources(pusher.server.port, securePort), {
    argv: ['--concurrency', '2'],
  });
  t.after(() => sidecar.stop());
  await pusher.connected();
  await pusher.asked(secret, 'leaf');
  await pusher.asked(secret, 'root');

  const authorities: TestCertificate[] = [];
  const push = async (name: string, json: Json): Promise<void> => {
    const refusal = await pusher.refusalOf(pusher.push(secret, { [name]: { name, ...json } }));
    assert.equal(refusal, undefined);
  };
  const rotate = async (): Promise<TestCertificate> => {
    const issuer = createCertificate({ commonName: `ca ${authorities.length}`, isAuthority: true });
    authorities.push(issuer);
    const bundle = authorities.slice(-trustedCount).map(({ pem }) => pem);
    await push('root', { validation_context: { trusted_ca: inline(bundle.join('')) } });
    const leaf = createCertificate({ issuer, commonName: `leaf ${authorities.length}` });
    const pair = { certificate_chain: inline(leaf.pem), private_key: inline(leaf.privateKeyPem) };
    await push('leaf', { tls_certificate: pair });
    return leaf;
  };

  let leaf = await rotate();
  const plainPort = await sidecar.portOf('plain');
  await sidecar.portOf('secure');
  const loads: Load[] = [];
  for (let index = 0; index < loadConnectionCount; index++) {
    loads.push(new Load(await RawClient.open(plainPort)));
    loads.push(new Load(new RawClient(await openTls(securePort, leaf))));
  }
  const startMs = systemClock.monotonicMs();
  let newestSeen = 0;
  let freshFailedCount = 0;
  for (let count = 0; count < rotationCount; count++) {
    leaf = await rotate();
    // New connections, as strangers would make them, meet a certificate of these days.
    const socket = await openTls(securePort, leaf);
    const client = new RawClient(socket);
    newestSeen = Math.max(
      newestSeen,
      Number(/\d+/.exec(String(socket.getPeerCertificate().subject.CN))?.[0]),
    );
    client.send(request);
    const answer = await client.answer().catch(() => undefined);
    if (answer?.status !== 200) freshFailedCount++;
    client.close();
  }
  const seconds = (systemClock.monotonicMs() - startMs) / 1000;
  const closedCount = loads.filter(({ client }) => client.isClosed || client.hasEnded).length;
  for (const load of loads) await load.stop();
  const answeredCount = loads.reduce((sum, load) => sum + load.answeredCount, 0);
  t.diagnostic(`${rotationCount} rotations in ${seconds.toFixed(1)} s, ${answeredCount} requests answered`);
  assert.deepEqual(
    { failed: loads.reduce((sum, load) => sum + load.failedCount, 0), freshFailedCount, closedCount },
    { failed: 0, freshFailedCount: 0, closedCount: 0 },
  );
  assert.ok(newestSeen > rotationCount - trustedCount, `the newest certificate seen is ${newestSeen}`);
  const statistics = await askAdmin(sidecar.adminPort, '/stats');
  const valueOf = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(statistics)?.[1]);
  const counts = (name: string): number => valueOf(`cluster\\.mutual\\.${name}`);
  assert.equal(counts('upstream_cx_destroy'), 0);
  assert.equal(counts('upstream_cx_connect_fail'), 0);
  assert.equal(valueOf('listener_manager\\.listener_modified'), 0);
  assert.equal(valueOf('cluster_manager\\.cluster_modified'), 0);
  assert.equal(valueOf('sds\\.leaf\\.update_success'), rotationCount + 1);
  for (const { client } of loads) client.close();
});
