import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect, type ConnectionOptions } from 'node:tls';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { get, RawClient } from '../../src/router/testing/raw-client.ts';
import { startTcpServer } from '../../src/upstream/testing/upstream-server.ts';
import { cluster, listener, manager, protocolOptions, route, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const server = createCertificate({ issuer: authority, dnsNames: ['a.test'] });
const client = createCertificate({ issuer: authority, dnsNames: ['client.test'] });
const stranger = createCertificate();
const anotherHash = 'ab'.repeat(32);

const socketOf = (kind: string, context: Json): Json => ({
  transport_socket: { name: 'tls', typed_config: { '@type': `${tls}.${kind}TlsContext`, ...context } },
});
const trusting = (more: Json = {}): Json => ({
  validation_context: { trusted_ca: { inline_string: authority.pem }, ...more },
});
const named = (name: string): Json =>
  trusting({ match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }] });
const pinned: Json = { validation_context: { verify_certificate_hash: [anotherHash] } };

function secureListener(
  name: string,
  common: Json,
  context: Json = {},
  fields: Json = {},
  chainFields: Json = {},
): Json {
  const pair = {
    certificate_chain: { inline_string: server.pem },
    private_key: { inline_string: server.privateKeyPem },
  };
  const socket = socketOf('Downstream', {
    common_tls_context: { tls_certificates: [pair], ...common },
    ...context,
  });
  const filters = [{ name: 'manager', typed_config: manager(name, direct) }];
  return listener(name, {}, { filter_chains: [{ filters, ...socket, ...chainFields }], ...fields });
}

const direct = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
const ofListener = 'listener.<address>.';
const sslNames = [
  'handshake',
  'connection_error',
  'session_reused',
  'fail_verify_error',
  'fail_verify_san',
  'fail_verify_cert_hash',
  'versions.<version>',
  'ciphers.<cipher>',
].map((name) => `ssl.${name}`);

/** Handshakes that succeed, with clients and with upstreams, and those that fail in every way that is counted. */
export async function runTlsScenario(movements: Movements): Promise<void> {
  // It has no idea what a ClientHello is.
  const plainUpstream = await startTcpServer((socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  const upstream = createServer({ cert: server.pem, key: server.privateKeyPem }, (_request, response) => {
    response.end();
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const { port } = upstream.address() as { port: number };
  const secureCluster = (name: string, common: Json, to = port): Json =>
    cluster(name, [to], {
      // A handshake on a busy machine takes its time.
      connect_timeout: '30s',
      ...protocolOptions({ max_requests_per_connection: 1 }),
      ...socketOf('Upstream', { common_tls_context: common }),
    });
  const clusters = [
    secureCluster('good', trusting()),
    secureCluster('untrusted', { validation_context: { trusted_ca: { inline_string: stranger.pem } } }),
    secureCluster('misnamed', named('b.test')),
    secureCluster('unpinned', pinned),
    secureCluster('plain', {}, plainUpstream.port),
  ];
  const routes = clusters.map(({ name }) => route(String(name), { cluster: name }));
  const inspected = {
    listener_filters: [{ name: 'i', typed_config: { '@type': inspector, max_client_hello_size: 3000 } }],
    listener_filters_timeout: '0.1s',
  };
  const sidecar = await startSidecarProcess({
    static_resources: {
      clusters,
      listeners: [
        listener('main', manager('main', routes)),
        secureListener('secure', trusting()),
        secureListener('mutual', named('other.test'), { require_client_certificate: true }),
        secureListener('pinned', pinned),
        secureListener('inspected', { alpn_protocols: ['http/1.1'] }, {}, inspected),
        secureListener('hasty', {}, {}, {}, { transport_socket_connect_timeout: '0.1s' }),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const sockets: { destroy(): void }[] = [];
  /** Resolves with the session that the server gave, if any, when the server has answered or closed. */
  const visit = async (name: string, options: ConnectionOptions = {}): Promise<Buffer | undefined> => {
    let session: Buffer | undefined;
    const socket = connect({
      port: await sidecar.portOf(name),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    });
    sockets.push(socket);
    socket.on('session', (ticket: Buffer) => (session = ticket)).on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await new Promise<void>((resolve) => {
      socket.once('data', () => setImmediate(resolve));
      socket.once('close', () => resolve());
    });
    return session;
  };
  const openPlain = async (name: string, bytes: Buffer | string): Promise<RawClient> => {
    const plain = await RawClient.open(await sidecar.portOf(name));
    sockets.push(plain.socket);
    plain.socket.write(bytes);
    return plain;
  };
  const as = ({ pem, privateKeyPem }: TestCertificate): ConnectionOptions => ({
    cert: pem,
    key: privateKeyPem,
  });
  try {
    const main = await sidecar.portOf('main');
    for (const { name } of clusters) await get(main, `/${String(name)}/`);
    // Each worker has sessions of its own.
    await run.repeatUntilMoved('cluster.<cluster>.', ['ssl.session_reused'], () => {
      get(main, '/good/').catch(() => undefined);
    });

    // Of two workers, one or the other takes the second visit: only one of them knows the session.
    const session = await visit('secure');
    await run.repeatUntilMoved(ofListener, ['ssl.session_reused'], () => {
      if (session !== undefined) visit('secure', { session }).catch(() => undefined);
    });
    await visit('secure', as(stranger));
    await visit('mutual');
    await visit('mutual', as(client));
    await visit('pinned', as(client));
    await openPlain('secure', 'GET / HTTP/1.1\r\n\r\n');

    await visit('inspected', { servername: 'a.test', ALPNProtocols: ['http/1.1'] });
    await visit('inspected');
    await openPlain('inspected', 'GET / HTTP/1.1\r\n\r\n');
    // A record of 16 KiB whose ClientHello does not end in the first 3,000 bytes.
    await openPlain(
      'inspected',
      Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]), Buffer.alloc(4000)]),
    );
    (await openPlain('inspected', Buffer.alloc(0))).socket.end();
    await openPlain('inspected', Buffer.from([22]));
    await openPlain('hasty', Buffer.from([22]));
    await run.untilMoved(
      ofListener,
      ...sslNames,
      'ssl.no_certificate',
      'ssl.fail_verify_no_cert',
      'downstream_pre_cx_active',
      'downstream_pre_cx_timeout',
      'downstream_listener_filter_remote_close',
      'downstream_cx_transport_socket_connect_timeout',
    );
    await run.untilMoved('cluster.<cluster>.', ...sslNames, 'ssl.curves.<curve>');
    await run.untilMoved('http.<stat_prefix>.', 'downstream_cx_ssl_total', 'downstream_cx_ssl_active');
    await run.untilMoved(
      'tls_inspector.',
      'client_hello_too_large',
      'tls_found',
      'tls_not_found',
      'alpn_found',
      'alpn_not_found',
      'sni_found',
      'sni_not_found',
      'bytes_processed',
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await sidecar.stop();
    await plainUpstream.close();
    upstream.closeAllConnections();
    upstream.close();
  }
}
