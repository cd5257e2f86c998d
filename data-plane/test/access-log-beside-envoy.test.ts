import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../src/probe-address.ts';
import { addressOperators } from '../src/downstream/http/access-log/address-operators.ts';
import { tlsOperators } from '../src/downstream/http/access-log/tls-operators.ts';
import { cluster, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoy } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const fileLog = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const server = createCertificate({
  issuer: authority,
  commonName: 'sérver, o+x',
  dnsNames: ['a.test', 'b.test'],
  uris: ['spiffe://server'],
  addresses: ['127.0.0.1'],
  emails: ['a@b.test'],
});
const client = createCertificate({
  issuer: authority,
  commonName: 'client',
  dnsNames: ['c.test', 'd.test'],
  uris: ['spiffe://client'],
  addresses: ['10.0.0.1'],
  emails: ['c@d.test'],
  otherNames: { '1.2.3': 'other' },
});
const upstreamCertificate = createCertificate({
  issuer: authority,
  commonName: 'upstream',
  dnsNames: ['up.test'],
  uris: ['spiffe://upstream'],
  addresses: ['127.0.0.1'],
});

/** Random, or of a port that differs. */
const volatile = /_SESSION_ID$|_PORT$|_ADDRESS$|^UPSTREAM_HOST$/;
const formats = [
  ...Object.keys({ ...tlsOperators, ...addressOperators }).filter((name) => !volatile.test(name)),
  'DOWNSTREAM_PEER_CERT_V_START(%Y-%m-%d)',
  'UPSTREAM_PEER_CERT_V_END(%s)',
  'REQUESTED_SERVER_NAME(SNI_FIRST)',
  'REQUESTED_SERVER_NAME(HOST_FIRST)',
  'REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)',
  'REQUESTED_SERVER_NAME(HOST_FIRST:HOST)',
  'COALESCE({"operators":["REQUESTED_SERVER_NAME",{"command":"REQ","param":":authority","max_length":3}]})',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(7)',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(33)',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(0)',
  'QUERY_PARAMS',
  'QUERY_PARAMS(DECODED)',
  'REQUEST_HEADER(host)',
  'RESPONSE_HEADER(:status)',
  'RESPONSE_TRAILER(x)',
  'METADATA(CLUSTER:n:k)',
  'METADATA(DYNAMIC:n)',
  'DOWNSTREAM_DETECTED_CLOSE_TYPE',
  'BYTES_RETRANSMITTED',
  'PACKETS_RETRANSMITTED',
  'TRACE_ID',
  'SPAN_ID',
  'TLS_JA3_FINGERPRINT',
  'ROUNDTRIP_DURATION',
  'CONNECTION_TERMINATION_DETAILS',
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
];
const lineEnd = '----\n';
/** A name has no percent sign, or it would be a format too. */
const logFormat =
  formats.map((format) => `${format.replaceAll('%', '')}\t%${format}%\n`).join('') +
  'session\t%DOWNSTREAM_TLS_SESSION_ID% %UPSTREAM_TLS_SESSION_ID%\n' +
  lineEnd;

const inline = (text: string): Json => ({ inline_string: text });
const pairOf = ({ pem, privateKeyPem }: TestCertificate): Json => ({
  certificate_chain: inline(pem),
  private_key: inline(privateKeyPem),
});
const socketOf = (kind: string, context: Json): Json => ({
  transport_socket: { name: 'tls', typed_config: { '@type': `${tls}.${kind}TlsContext`, ...context } },
});
const trusting = { validation_context: { trusted_ca: inline(authority.pem) } };

function buildResources(port: number, upstreamPort: number, logPath: string): Json {
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'up' } }];
  const text = { text_format_source: inline(logFormat) };
  const log = { name: 'f', typed_config: { '@type': fileLog, path: logPath, log_format: text } };
  const context = { common_tls_context: { tls_certificates: [pairOf(server)], ...trusting } };
  return {
    listeners: [
      {
        name: 'secure',
        address: socketAddress(port),
        listener_filters: [{ name: 'i', typed_config: { '@type': inspector } }],
        filter_chains: [
          {
            filters: [{ name: 'm', typed_config: manager('m', routes, { access_log: [log] }) }],
            ...socketOf('Downstream', context),
          },
        ],
      },
    ],
    clusters: [
      cluster('up', [upstreamPort], {
        connect_timeout: '5s',
        metadata: { filter_metadata: { n: { k: 'v' } } },
        ...socketOf('Upstream', {
          sni: 'up.test',
          common_tls_context: { tls_certificates: [pairOf(client)], ...trusting },
        }),
      }),
    ],
  };
}

const visits: readonly RequestOptions[] = [
  {
    path: '/?x=%41&y=%20a&z',
    cert: client.pem + authority.pem,
    key: client.privateKeyPem,
    ciphers: 'TLS_AES_128_GCM_SHA256',
  },
  { path: '/', maxVersion: 'TLSv1.2' },
  { path: '/?', servername: '', ciphers: 'TLS_AES_128_GCM_SHA256' },
];

async function visit(port: number, options: RequestOptions): Promise<void> {
  const sent = request({
    ...{ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'A.test', agent: false },
    headers: { host: 'h.test:1234' },
    ...options,
  });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
  answer.resume();
  await once(answer, 'end');
}

async function startUpstream(t: TestContext): Promise<number> {
  const { pem, privateKeyPem } = upstreamCertificate;
  const options = { cert: pem, key: privateKeyPem, ca: authority.pem, requestCert: true };
  const upstream = createServer(options, (_, answer) => answer.end('hello'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const address = upstream.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function freePort(): Promise<number> {
  return (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
}

/** Name → value for each request; of session ids only how long they are. */
async function linesOf(path: string): Promise<Record<string, string>[]> {
  for (;;) {
    const lines = readFileSync(path, 'utf8').split(lineEnd).slice(0, -1);
    if (lines.length < visits.length) await sleep(systemClock, 20);
    else {
      return lines.map((line) => {
        const rows = line.trimEnd().split('\n');
        const entries = rows.map((row) => row.split('\t') as [string, string]);
        const { session = '', ...fields } = Object.fromEntries(entries);
        return { ...fields, session: session.replace(/[0-9a-f]{2}/g, '..') };
      });
    }
  }
}

test('what logs say of TLS and addresses is what a real Envoy says', { skip: envoy.skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const upstreamPort = await startUpstream(t);
  const [ownLog, envoyLog] = [join(folder, 'own'), join(folder, 'envoy')];
  const [ownPort, envoyPort] = [await freePort(), await freePort()];
  const sidecar = await startSidecarProcess(
    { static_resources: buildResources(ownPort, upstreamPort, ownLog) },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  const program = runEnvoy(envoy.path, {
    static_resources: buildResources(envoyPort, upstreamPort, envoyLog),
  });
  t.after(() => program.stop());
  await sidecar.portOf('secure');
  await program.until(() => isAccepting(envoyPort));
  for (const options of visits) {
    await visit(ownPort, options);
    await visit(envoyPort, options);
  }
  const [own, expected] = [await linesOf(ownLog), await linesOf(envoyLog)];
  assert.deepEqual(own, expected);
  assert.equal(own[0]?.['DOWNSTREAM_PEER_URI_SAN'], 'spiffe://client');
});
