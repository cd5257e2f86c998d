import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import {
  createCertificate,
  createRevocationList,
  type TestCertificate,
} from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { get } from '../src/router/testing/raw-client.ts';
import { startBoth } from './beside-envoy.ts';
import { cluster, listener, manager, type Json } from './statistics/bootstrap-parts.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const root = createCertificate({ commonName: 'root', isAuthority: true });
const otherRoot = createCertificate({ commonName: 'other root', isAuthority: true });
const upper = createCertificate({ commonName: 'upper', issuer: root, isAuthority: true });
const lower = createCertificate({ commonName: 'lower', issuer: upper, isAuthority: true });
const leafOf = (issuer: TestCertificate, toDays = 1): TestCertificate =>
  createCertificate({ issuer, uris: ['spiffe://mesh/server'], keyUsage: 0x80, fromDays: -3, toDays });

/** What servers show. */
const servers: readonly (readonly TestCertificate[])[] = [
  [leafOf(root)],
  [leafOf(upper), upper],
  [leafOf(lower), lower, upper],
  [leafOf(lower), lower],
  [leafOf(lower, -1), lower, upper],
  [leafOf(lower, -1), lower],
  [leafOf(otherRoot)],
  [leafOf(otherRoot, -1)],
];
const lastLeaf = servers[2]?.[0] ?? root;
const inline = (...texts: readonly string[]): Json => ({ inline_string: texts.join('') });
const trusted = { trusted_ca: inline(root.pem) };
const spiffe = (mesh: string, other: string): Json => ({
  custom_validator_config: {
    name: 'envoy.tls.cert_validator.spiffe',
    typed_config: {
      '@type': `${tls}.SPIFFECertValidatorConfig`,
      trust_domains: [
        { name: 'mesh', trust_bundle: inline(mesh) },
        { name: 'other', trust_bundle: inline(other) },
      ],
    },
  },
});

const validations: readonly Json[] = [
  trusted,
  { trusted_ca: inline(upper.pem) },
  { ...trusted, allow_expired_certificate: true },
  { ...trusted, trust_chain_verification: 'ACCEPT_UNTRUSTED' },
  {
    ...trusted,
    only_verify_leaf_cert_crl: true,
    crl: inline(...[root, upper, lower].map((issuer) => createRevocationList(issuer, []))),
  },
  {
    ...trusted,
    only_verify_leaf_cert_crl: true,
    crl: inline(createRevocationList(root, []), createRevocationList(lower, [lastLeaf])),
  },
  { ...trusted, max_verify_depth: 100 },
  { ...trusted, max_verify_depth: 1, trust_chain_verification: 'ACCEPT_UNTRUSTED' },
  { max_verify_depth: 1 },
  spiffe(root.pem, otherRoot.pem),
  spiffe(otherRoot.pem, root.pem),
  { ...spiffe(root.pem, otherRoot.pem), allow_expired_certificate: true },
];

/** Envoy does not limit what servers show. */
const limited: readonly (readonly [validation: Json, verdicts: string])[] = [
  [{ ...trusted, max_verify_depth: 0 }, ' 503 503 503 503 503 503 503 503'],
  [{ ...trusted, max_verify_depth: 1 }, ' 200 503 503 503 503 503 503 503'],
  [{ ...trusted, max_verify_depth: 2 }, ' 200 200 503 503 503 503 503 503'],
  [{ ...trusted, max_verify_depth: 3 }, ' 200 200 200 503 503 503 503 503'],
  [{ trusted_ca: inline(upper.pem), max_verify_depth: 1 }, ' 503 200 503 503 503 503 503 503'],
  [{ ...trusted, max_verify_depth: 2, allow_expired_certificate: true }, ' 200 200 503 503 503 503 503 503'],
  [{ ...trusted, max_verify_depth: 3, allow_expired_certificate: true }, ' 200 200 200 503 200 503 503 503'],
];
const allValidations = [...validations, ...limited.map(([validation]) => validation)];

async function startServer(t: TestContext, shown: readonly TestCertificate[]): Promise<number> {
  const cert = shown.map(({ pem }) => pem).join('');
  const server = createServer({ cert, key: shown[0]?.privateKeyPem ?? '' }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('which chains of servers are taken is what a real Envoy does', { skip: envoy.skip }, async (t) => {
  const ports = await Promise.all(servers.map((shown) => startServer(t, shown)));
  const pairs = allValidations.flatMap((validation) => ports.map((port) => ({ validation, port })));
  const clusters = pairs.map(({ validation, port }, index) =>
    cluster(`c${index}`, [port], {
      connect_timeout: '5s',
      transport_socket: {
        name: 'tls',
        typed_config: {
          '@type': `${tls}.UpstreamTlsContext`,
          common_tls_context: { validation_context: validation },
        },
      },
    }),
  );
  const routes = pairs.map((_, index) => ({
    match: { prefix: `/${index}/` },
    route: { cluster: `c${index}` },
  }));
  const both = await startBoth(t, envoy.path, (fields) => ({
    listeners: [listener('l', manager('m', routes), fields)],
    clusters,
  }));
  const verdictsOf = async (port: number): Promise<Record<string, string>> => {
    const verdicts: Record<string, string> = {};
    for (const [index, { validation }] of pairs.entries()) {
      const { status } = await get(port, `/${index}/`);
      const row = allValidations.indexOf(validation);
      verdicts[row] = `${verdicts[row] ?? ''} ${status}`;
    }
    return verdicts;
  };
  const ours = await verdictsOf(both.ours);
  const theirs = await verdictsOf(both.theirs);
  for (const [row] of validations.entries()) assert.equal(ours[row], theirs[row], String(row));
  for (const [i, [, verdicts]] of limited.entries()) {
    assert.equal(ours[validations.length + i], verdicts, String(i));
  }
  assert.equal(ours[0], ' 200 200 200 503 503 503 503 503');
});
