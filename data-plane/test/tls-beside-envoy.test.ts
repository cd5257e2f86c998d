import assert from 'node:assert/strict';
import { connect, type ConnectionOptions } from 'node:tls';
import { test } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { probeAddress } from '../src/probe-address.ts';
import { get } from '../src/router/testing/raw-client.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { cluster, listener, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const serverEc = createCertificate({ issuer: authority, commonName: 'ec', dnsNames: ['a.test'] });
const serverRsa = createCertificate({
  issuer: authority,
  commonName: 'rsa',
  keyType: 'rsa',
  dnsNames: ['a.test', '*.b.test'],
});
const client = createCertificate({ issuer: authority, uris: ['spiffe://client'] });
const misnamed = createCertificate({ issuer: authority, uris: ['spiffe://other'] });
const stranger = createCertificate({ uris: ['spiffe://client'] });

interface Ports {
  readonly secure: number;
  readonly mutual: number;
  readonly plain: number;
}

const inline = (text: string): Json => ({ inline_string: text });
const pairOf = ({ pem, privateKeyPem }: TestCertificate): Json => ({
  certificate_chain: inline(pem),
  private_key: inline(privateKeyPem),
});
const named = (type: string, name: string): Json => ({
  validation_context: {
    trusted_ca: inline(authority.pem),
    match_typed_subject_alt_names: [{ san_type: type, matcher: { exact: name } }],
  },
});
const socketOf = (kind: string, context: Json): Json => ({
  transport_socket: { name: 'tls', typed_config: { '@type': `${tls}.${kind}TlsContext`, ...context } },
});

function secureChain(name: string, common: Json, fields: Json = {}): Json {
  const direct = { status: 200, body: inline(name) };
  const context = {
    common_tls_context: { tls_certificates: [pairOf(serverRsa), pairOf(serverEc)], ...common },
  };
  return {
    filters: [
      {
        name: 'm',
        typed_config: manager(name, [{ match: { prefix: '/' }, direct_response: direct }], {
          delayed_close_timeout: '0.1s',
        }),
      },
    ],
    ...socketOf('Downstream', context),
    ...fields,
  };
}

/** What both get. `otherMutual`: the port of the other one, to which requests go on with a client's certificate. */
function buildResources(ports: Ports, otherMutual: number): Json {
  const chains = [
    secureChain(
      'exact',
      { alpn_protocols: ['http/1.1'] },
      { filter_chain_match: { server_names: ['a.test'] } },
    ),
    secureChain('wildcard', {}, { filter_chain_match: { server_names: ['*.test'] } }),
    secureChain('any', {}, {}),
  ];
  const at = (port: number): Json => ({ address: socketAddress(port) });
  const upstreamTls = {
    sni: 'a.test',
    common_tls_context: { tls_certificates: [pairOf(client)], ...named('DNS', 'a.test') },
  };
  return {
    listeners: [
      listener(
        'secure',
        {},
        {
          ...at(ports.secure),
          filter_chains: chains,
          listener_filters: [{ name: 'i', typed_config: { '@type': inspector } }],
        },
      ),
      listener(
        'mutual',
        {},
        { ...at(ports.mutual), filter_chains: [secureChain('mutual', named('URI', 'spiffe://client'))] },
      ),
      listener(
        'plain',
        manager('plain', [{ match: { prefix: '/' }, route: { cluster: 'other' } }]),
        at(ports.plain),
      ),
    ],
    clusters: [
      cluster('other', [otherMutual], { connect_timeout: '2s', ...socketOf('Upstream', upstreamTls) }),
    ],
  };
}

/** Chain, certificate, version, ALPN and status; or that the handshake, or the first request, failed. */
async function visit(port: number, options: ConnectionOptions): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const seen: string[] = [];
  socket.once('secureConnect', () => {
    const { CN } = socket.getPeerCertificate().subject;
    seen.push(String(CN), socket.getProtocol() ?? '', socket.alpnProtocol || '-');
  });
  await new Promise((resolve) => socket.once('close', resolve));
  if (received === '') return 'refused';
  return [...seen, received.slice(9, 12), received.slice(received.indexOf('\r\n\r\n') + 4)].join(' ');
}

const as = ({ pem, privateKeyPem }: TestCertificate): ConnectionOptions => ({
  cert: pem,
  key: privateKeyPem,
});
const onlyRsa = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const;
const secureVisits: readonly ConnectionOptions[] = [
  {},
  { servername: 'a.test' },
  // In lower case: Envoy compares it with the certificates' names as it is, and takes the first one for another case.
  { servername: 'a.test', ALPNProtocols: ['h2', 'http/1.1'] },
  { servername: 'a.test', ALPNProtocols: ['h2'] },
  { servername: 'x.b.test' },
  { servername: 'y.test', maxVersion: 'TLSv1.2' },
  { servername: 'other' },
  { servername: 'a.test', ...onlyRsa },
  { servername: 'a.test', maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  { servername: 'a.test', maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA' },
];
const mutualVisits: readonly ConnectionOptions[] = [{}, as(client), as(misnamed), as(stranger)];

async function freePorts(): Promise<Ports> {
  const free = async (): Promise<number> => (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
  return { secure: await free(), mutual: await free(), plain: await free() };
}

/** Counters of TLS by their names for Prometheus and what of the labels does not depend on ports. */
async function tlsCounters(adminPort: number): Promise<Record<string, number>> {
  const text = await askAdmin(adminPort, '/stats/prometheus');
  const counters: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^(envoy_(?:listener_ssl|cluster_ssl|tls_inspector)_\w+)\{(.*)\} (\d+)$/.exec(line);
    const [, name = '', labels = '', value] = match ?? [];
    if (
      match === null ||
      /bucket|sigalgs|_ocsp_|certificate_expiration|bytes_processed|ciphers|days_until|listener_ssl_curves/.test(
        name,
      )
    )
      continue;
    const stable = labels.replace(/,?envoy_listener_address="[^"]*"/, '');
    counters[`${name}{${stable}}`] = (counters[`${name}{${stable}}`] ?? 0) + Number(value);
  }
  return counters;
}

test(
  'TLS on both sides is what a real Envoy makes of it, each before the other',
  { skip: envoy.skip },
  async (t) => {
    const [ours, theirs] = [await freePorts(), await freePorts()];
    const sidecar = await startSidecarProcess(
      { static_resources: buildResources(ours, theirs.mutual) },
      { argv: ['--concurrency', '1'] },
    );
    t.after(() => sidecar.stop());
    const program = await runEnvoyWithAdmin(envoy.path, {
      static_resources: buildResources(theirs, ours.mutual),
    });
    t.after(() => program.stop());
    await program.until(() => isAccepting(theirs.secure));
    await sidecar.portOf('plain');
    const outcomesOf = async (ports: Ports): Promise<string[]> => {
      const outcomes: string[] = [];
      for (const options of secureVisits) outcomes.push(await visit(ports.secure, options));
      for (const options of mutualVisits) outcomes.push(await visit(ports.mutual, options));
      for (let round = 0; round < 2; round++) {
        const { status, body } = await get(ports.plain, '/');
        outcomes.push(`${status} ${body}`);
      }
      return outcomes;
    };
    const [ourOutcomes, theirOutcomes] = [await outcomesOf(ours), await outcomesOf(theirs)];
    assert.deepEqual(ourOutcomes, theirOutcomes);
    assert.equal(ourOutcomes.at(-1), '200 mutual');
    const [ourCounters, theirCounters] = [
      await tlsCounters(sidecar.adminPort),
      await tlsCounters(program.adminPort),
    ];
    // Envoy has some that cannot move here: all of ours, and whatever has moved there, are the same.
    const shared = Object.entries(theirCounters).filter(([name, value]) => name in ourCounters || value > 0);
    assert.deepEqual(ourCounters, Object.fromEntries(shared));
  },
);
