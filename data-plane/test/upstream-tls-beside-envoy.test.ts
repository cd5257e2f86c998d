import assert from 'node:assert/strict';
import { createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { RawClient } from '../src/router/testing/raw-client.ts';
import { startBoth, type Both } from './beside-envoy.ts';
import { cluster, endpoint, listener, manager, type Json } from './statistics/bootstrap-parts.ts';

const envoy = usePeer('envoy');
const types = 'type.googleapis.com/envoy.extensions';
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const server = createCertificate({
  issuer: authority,
  dnsNames: ['a.test', '*.b.test'],
  uris: ['spiffe://mesh/server'],
  addresses: ['10.0.0.1'],
});
const client = createCertificate({ issuer: authority, commonName: 'client' });
const stranger = createCertificate({ commonName: 'other ca', isAuthority: true });

const inline = (text: string): Json => ({ inline_string: text });
const tlsSocket = (context: Json): Json => ({
  transport_socket: {
    name: 'tls',
    typed_config: { '@type': `${types}.transport_sockets.tls.v3.UpstreamTlsContext`, ...context },
  },
});
const trusting = (fields: Json = {}): Json => ({
  common_tls_context: { validation_context: { trusted_ca: inline(authority.pem), ...fields } },
});
const names = (
  upstream: Json,
  protocol: Json = { explicit_http_config: { http_protocol_options: {} } },
): Json => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${types}.upstreams.http.v3.HttpProtocolOptions`,
      upstream_http_protocol_options: upstream,
      ...protocol,
    },
  },
});
const sans = (type: string, name: string): Json => ({
  match_typed_subject_alt_names: [{ san_type: type, matcher: { exact: name } }],
});

interface Case {
  readonly fields: Json;
  /** Of the endpoint. */
  readonly hostname?: string;
  readonly metadata?: Json;
  readonly localityMetadata?: Json;
  readonly host?: string;
  readonly headers?: string;
  readonly route?: Json;
}

const socketMetadata = (values: Json): Json => ({
  filter_metadata: { 'envoy.transport_socket_match': values },
});
const matches: Json = {
  transport_socket_matches: [
    // Without sessions: Envoy would resume that of the check, and Node's server then forgets the name.
    { name: 'secure', match: { mode: 'tls' }, ...tlsSocket({ sni: 'match.test', max_session_keys: 0 }) },
    {
      name: 'open',
      match: { mode: 'plain' },
      transport_socket: {
        name: 'envoy.transport_sockets.raw_buffer',
        typed_config: { '@type': `${types}.transport_sockets.raw_buffer.v3.RawBuffer` },
      },
    },
  ],
};
/** Passes over TLS only. */
const checked: Json = {
  health_checks: [
    {
      timeout: '5s',
      interval: '60s',
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      http_health_check: { path: '/health' },
      transport_socket_match_criteria: { mode: 'tls' },
    },
  ],
};
const panicless: Json = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };
const both = { auto_sni: true, auto_san_validation: true };
const cases: Readonly<Record<string, Case>> = {
  'nothing named': { fields: tlsSocket({}) },
  fixed: { fields: tlsSocket({ sni: 'fixed.test' }) },
  'of the request': { fields: { ...tlsSocket({ sni: 'fixed.test', ...trusting() }), ...names(both) } },
  'of the request, another': {
    fields: { ...tlsSocket(trusting()), ...names(both) },
    host: 'other.test',
  },
  'of the request, named only': {
    fields: { ...tlsSocket(trusting()), ...names({ auto_sni: true }) },
    host: 'other.test:81',
  },
  'of the request, in capitals, through a wildcard': {
    fields: { ...tlsSocket(trusting()), ...names(both) },
    host: 'X.B.TEST',
  },
  'an address that the certificate has': {
    fields: { ...tlsSocket({ sni: 'fixed.test', ...trusting() }), ...names(both) },
    host: '10.0.0.1:80',
  },
  'an address that it has not': {
    fields: { ...tlsSocket(trusting()), ...names(both) },
    host: '10.0.0.2',
  },
  'without roots the name alone': {
    fields: { ...tlsSocket({}), ...names(both) },
  },
  'in an empty context the name alone': {
    fields: { ...tlsSocket({ common_tls_context: { validation_context: {} } }), ...names(both) },
  },
  'an empty context': {
    fields: tlsSocket({ common_tls_context: { validation_context: {} } }),
  },
  'without roots another name': {
    fields: { ...tlsSocket({}), ...names(both) },
    host: 'c.test',
  },
  'beside configured names': {
    fields: { ...tlsSocket(trusting(sans('URI', 'spiffe://mesh/server'))), ...names(both) },
  },
  'beside configured names that are not there': {
    fields: { ...tlsSocket(trusting(sans('URI', 'spiffe://mesh/other'))), ...names(both) },
  },
  'of a header': {
    fields: { ...tlsSocket(trusting()), ...names({ ...both, override_auto_sni_header: 'x-name' }) },
    headers: 'x-name: y.b.test\r\n',
    host: 'other.test',
  },
  'of a header that is not there': {
    fields: { ...tlsSocket(trusting()), ...names({ ...both, override_auto_sni_header: 'x-name' }) },
  },
  'after a rewrite': {
    fields: { ...tlsSocket(trusting()), ...names(both) },
    host: 'other.test',
    route: { host_rewrite_literal: 'z.b.test' },
  },
  'before an automatic rewrite': {
    fields: { ...tlsSocket(trusting()), ...names({ auto_sni: true }) },
    hostname: 'z.b.test',
    host: 'other.test',
    route: { auto_host_rewrite: true },
  },
  'of the endpoint': { fields: tlsSocket({ auto_host_sni: true, sni: 'fixed.test' }), hostname: 'e.b.test' },
  'of the endpoint, which has none': { fields: tlsSocket({ auto_host_sni: true, sni: 'fixed.test' }) },
  'of the request before that of the endpoint': {
    fields: { ...tlsSocket({ auto_host_sni: true }), ...names({ auto_sni: true }) },
    hostname: 'e.b.test',
  },
  'what is named must answer': {
    fields: tlsSocket({ sni: 'a.test', auto_sni_san_validation: true, ...trusting() }),
  },
  'what is named does not answer': {
    fields: tlsSocket({ sni: 'c.test', auto_sni_san_validation: true, ...trusting() }),
  },
  'what is named, not what is configured': {
    fields: tlsSocket({
      sni: 'a.test',
      auto_sni_san_validation: true,
      ...trusting(sans('DNS', 'c.test')),
    }),
  },
  'nothing is named, so what is configured': {
    fields: tlsSocket({ auto_sni_san_validation: true, ...trusting(sans('DNS', 'c.test')) }),
  },
  'the endpoint must answer': {
    fields: tlsSocket({ auto_host_sni: true, auto_sni_san_validation: true, ...trusting() }),
    hostname: 'c.test',
  },
  'HTTP/2 where the server chooses': {
    fields: { ...tlsSocket({ sni: 'h2.test' }), ...names({}, { auto_config: {} }) },
  },
  'a certificate is shown': {
    fields: tlsSocket({
      common_tls_context: {
        tls_certificates: [
          { certificate_chain: inline(client.pem), private_key: inline(client.privateKeyPem) },
        ],
      },
    }),
  },
  'the endpoint says TLS': { fields: { ...matches }, metadata: socketMetadata({ mode: 'tls' }) },
  'its locality says TLS': {
    fields: { ...matches },
    metadata: socketMetadata({ other: 'x' }),
    localityMetadata: socketMetadata({ mode: 'tls' }),
  },
  'the endpoint says plain text, to a server with TLS': {
    fields: { ...matches, ...tlsSocket({ sni: 'default.test' }) },
    metadata: socketMetadata({ mode: 'plain' }),
  },
  'the endpoint says nothing, the cluster TLS': {
    fields: { ...matches, ...tlsSocket({ sni: 'default.test' }) },
  },
  'the check says TLS, the endpoint too': {
    fields: { ...matches, ...checked, ...panicless },
    metadata: socketMetadata({ mode: 'tls' }),
  },
  'the check says TLS, the endpoint plain text': {
    fields: { ...matches, ...checked, ...panicless },
  },
  'another root': {
    fields: tlsSocket({
      common_tls_context: { validation_context: { trusted_ca: inline(stranger.pem) } },
    }),
  },
  'two roots': {
    fields: tlsSocket({
      common_tls_context: {
        validation_context: { trusted_ca: inline(stranger.pem + authority.pem) },
      },
    }),
  },
};

/** Says whom it was taken for, and whom it spoke to. */
async function startServer(t: TestContext, certificate: TestCertificate): Promise<number> {
  const tls = createServer(
    {
      cert: certificate.pem,
      key: certificate.privateKeyPem,
      requestCert: true,
      rejectUnauthorized: false,
      ca: authority.pem,
    },
    (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const shown = socket.getPeerX509Certificate()?.subject ?? '';
        const body = `${String((socket as TLSSocket & { servername?: unknown }).servername)} ${shown}`;
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
    },
  );
  tls.on('tlsClientError', () => undefined);
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  t.after(() => tls.close());
  return (tls.address() as AddressInfo).port;
}

async function ask(port: number, path: string, { host = 'a.test', headers = '' }: Case): Promise<string> {
  const client = await RawClient.open(port);
  client.send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${headers}\r\n`);
  const { status, body } = await client.answer();
  client.close();
  // The reasons of the TLS libraries have words of their own.
  return `${status} ${status === 200 ? body : body.split('TLS_error')[0]}`;
}

test('whom a cluster names and takes is what a real Envoy does', { skip: envoy.skip }, async (t) => {
  const port = await startServer(t, server);
  const routes: Json[] = [];
  const clusters: Json[] = [];
  for (const [index, { fields, hostname = '', metadata, localityMetadata, route = {} }] of Object.values(
    cases,
  ).entries()) {
    routes.push({ match: { prefix: `/${index}/` }, route: { cluster: `c${index}`, ...route } });
    clusters.push(
      cluster(`c${index}`, [], {
        connect_timeout: '5s',
        load_assignment: {
          cluster_name: `c${index}`,
          endpoints: [
            {
              lb_endpoints: [{ endpoint: { ...(endpoint(port)['endpoint'] as Json), hostname }, metadata }],
              metadata: localityMetadata,
            },
          ],
        },
        ...fields,
      }),
    );
  }
  const sides: Both = await startBoth(t, envoy.path, (listenerPort) => ({
    listeners: [listener('l', manager('m', routes), listenerPort)],
    clusters,
  }));
  const verdicts = async (side: number): Promise<Record<string, string>> => {
    const all: Record<string, string> = {};
    for (const [index, [name, it]] of Object.entries(cases).entries()) {
      all[name] = await ask(side, `/${index}/`, it);
    }
    return all;
  };
  const ours = await verdicts(sides.ours);
  assert.deepEqual(ours, await verdicts(sides.theirs));
  // Whom a check takes for healthy is asked, over the socket that the endpoint's own metadata says.
  assert.match(ours['the check says TLS, the endpoint too'] ?? '', /^200 match\.test/);
  assert.match(ours['the check says TLS, the endpoint plain text'] ?? '', /^503 upstream connect error/);
  assert.match(ours['of the request'] ?? '', /^200 a\.test/);
  assert.match(ours['of the request, another'] ?? '', /^503/);
});
