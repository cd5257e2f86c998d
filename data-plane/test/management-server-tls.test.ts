import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { cluster, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { startSidecarProcess } from './statistics/sidecar-process.ts';
import { dynamicResources, XdsPusher } from './statistics/xds-pusher.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const stranger = createCertificate({ commonName: 'other ca', isAuthority: true });
const server = createCertificate({ issuer: authority, dnsNames: ['xds.test'] });
const client = createCertificate({ issuer: authority, commonName: 'one' });
const nextClient = createCertificate({ issuer: authority, commonName: 'two' });
const foreignClient = createCertificate({ issuer: stranger });

async function startServer(t: TestContext): Promise<XdsPusher> {
  const pair = { cert_chain: Buffer.from(server.pem), private_key: Buffer.from(server.privateKeyPem) };
  const pusher = new XdsPusher(ServerCredentials.createSsl(Buffer.from(authority.pem), [pair], true));
  await pusher.server.listen();
  t.after(() => pusher.server.kill());
  return pusher;
}

class Folder {
  readonly path = mkdtempSync(path.join(tmpdir(), 'xds-tls-'));

  constructor(t: TestContext) {
    t.after(() => rmSync(this.path, { recursive: true }));
    this.put('ca.pem', authority.pem);
  }

  file(name: string): Json {
    return { filename: path.join(this.path, name) };
  }

  /** By a rename, as certificates are replaced. */
  put(name: string, text: string): string {
    const file = path.join(this.path, name);
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
    return file;
  }

  putClient({ pem, privateKeyPem }: Pick<TestCertificate, 'pem' | 'privateKeyPem'>): void {
    this.put('chain.pem', pem);
    this.put('key.pem', privateKeyPem);
  }

  get certificate(): Json {
    return { certificate_chain: this.file('chain.pem'), private_key: this.file('key.pem') };
  }

  transportSocket(common: Json = {}, name = 'xds.test', ca = 'ca.pem'): Json {
    const validation = {
      trusted_ca: this.file(ca),
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }],
    };
    const context = {
      '@type': `${tls}.UpstreamTlsContext`,
      sni: 'xds.test',
      common_tls_context: {
        tls_certificates: [this.certificate],
        validation_context: validation,
        ...common,
      },
    };
    return { transport_socket: { name: 'tls', typed_config: context } };
  }
}

const startHeddle = (resources: Json) => startSidecarProcess(resources, { argv: ['--concurrency', '1'] });
const sides = [
  { name: 'heddle', skip: false, start: startHeddle },
  { name: 'envoy', skip: envoy.skip, start: (resources: Json) => runEnvoyWithAdmin(envoy.path, resources) },
] as const;

async function untilStat(adminPort: number, name: string, least = 1): Promise<void> {
  for (;;) {
    const text = await askAdmin(adminPort, `/stats?filter=^${name}$`).catch(() => '');
    if (Number(text.split(': ')[1] ?? 0) >= least) return;
    await sleep(systemClock, 20);
  }
}

for (const { name, skip, start } of sides) {
  test(`${name}: the management server knows whom it serves, and is known`, { skip }, async (t) => {
    const folder = new Folder(t);
    folder.putClient(client);
    const pusher = await startServer(t);
    const proxy = await start(dynamicResources(pusher.server.port, {}, folder.transportSocket()));
    t.after(() => proxy.stop());
    await pusher.connected();
    await pusher.asked(resourceTypes.cluster);
    const nonce = pusher.push(resourceTypes.cluster, { a: cluster('a', [1]) });
    assert.equal(await pusher.refusalOf(nonce), undefined);
    await untilStat(proxy.adminPort, 'cluster.xds.ssl.handshake');
  });

  test(`${name}: no stream goes to a server of another name or authority`, { skip }, async (t) => {
    const folder = new Folder(t);
    folder.putClient(client);
    folder.put('other.pem', stranger.pem);
    const pusher = await startServer(t);
    for (const [socket, stat] of [
      [folder.transportSocket({}, 'other.test'), 'fail_verify_san'],
      [folder.transportSocket({}, 'xds.test', 'other.pem'), 'fail_verify_error'],
    ] as const) {
      const proxy = await start(dynamicResources(pusher.server.port, {}, socket));
      await untilStat(proxy.adminPort, `cluster.xds.ssl.${stat}`);
      await proxy.stop();
    }
  });
}

test('each connection takes the certificate that is there by then; a bad one leaves the one before', async (t) => {
  const folder = new Folder(t);
  folder.putClient(foreignClient);
  const pusher = await startServer(t);
  const socket = folder.transportSocket({ tls_params: { tls_maximum_protocol_version: 'TLSv1_3' } });
  const proxy = await startHeddle(dynamicResources(pusher.server.port, {}, socket));
  t.after(() => proxy.stop());
  // The server lets nobody in whom a stranger vouches for, and says so after the handshake.
  await untilStat(proxy.adminPort, 'cluster.xds.ssl.handshake');
  folder.putClient(nextClient);
  await pusher.connected();
  await pusher.asked(resourceTypes.cluster);
  // A key that does not fit.
  folder.putClient({ ...client, privateKeyPem: nextClient.privateKeyPem });
  pusher.server.kill();
  await pusher.server.listen();
  await pusher.connected();
  await pusher.asked(resourceTypes.cluster);
});

test('the certificate comes as a secret, out of a file', async (t) => {
  const folder = new Folder(t);
  folder.putClient(client);
  const secret = { '@type': `${tls}.Secret`, name: 'own', tls_certificate: folder.certificate };
  const file = folder.put('secret.json', JSON.stringify({ resources: [secret] }));
  const pusher = await startServer(t);
  const source = { path_config_source: { path: file }, resource_api_version: 'V3' };
  const socket = folder.transportSocket({
    tls_certificates: [],
    tls_certificate_sds_secret_configs: [{ name: 'own', sds_config: source }],
  });
  const proxy = await startHeddle(dynamicResources(pusher.server.port, {}, socket));
  t.after(() => proxy.stop());
  await pusher.connected();
  await pusher.asked(resourceTypes.cluster);
});

test('polls go over TLS too', async (t) => {
  const folder = new Folder(t);
  folder.putClient(client);
  const polled: boolean[] = [];
  const polledServer = createServer(
    { cert: server.pem, key: server.privateKeyPem, ca: authority.pem, requestCert: true },
    (request, response) => {
      polled.push(request.socket instanceof TLSSocket && request.socket.authorized);
      request.resume();
      response.end(JSON.stringify({ version_info: '1', resources: [] }));
    },
  );
  polledServer.listen(0, '127.0.0.1');
  await once(polledServer, 'listening');
  t.after(() => {
    polledServer.close();
    polledServer.closeAllConnections();
  });
  const { port } = polledServer.address() as AddressInfo;
  const source = {
    api_type: 'REST',
    transport_api_version: 'V3',
    cluster_names: ['xds'],
    refresh_delay: '1s',
  };
  const proxy = await startHeddle({
    dynamic_resources: { cds_config: { api_config_source: source, resource_api_version: 'V3' } },
    static_resources: { clusters: [cluster('xds', [port], folder.transportSocket())] },
  });
  t.after(() => proxy.stop());
  await untilStat(proxy.adminPort, 'cluster_manager.cds.update_success');
  assert.equal(polled[0], true);
});
