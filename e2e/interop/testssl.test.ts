import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { answersOk, createHarness, type Harness } from '../harness/harness.ts';
import { planeProgram } from '../harness/plane-program.ts';

const envoy = usePeer('envoy');
const testssl = usePeer('testssl');
const documentPath = path.resolve(import.meta.dirname, '../../docs/tls.md');

/** Protocols, forward secrecy with curves, order of ciphers. */
const tableProbes = ['-p', '-f', '-P'];
/**
 * And cipher categories and vulnerabilities. Not: `-S` and `-h`, which judge the test's own certificate and answer,
 * `-c`, which has no verdicts, and `-e`, which lists ciphers.
 */
const allProbes = [...tableProbes, '-s', '-U'];

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

const inline = (text: string): object => ({ inline_string: text });
const address = (port: number): object => ({
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
});

/** As anybody would write it: certificates and ALPN, the rest by default. */
function buildBootstrap(port: number, adminPort: number): object {
  const extensions = 'type.googleapis.com/envoy.extensions';
  const authority = createCertificate({ commonName: 'ca', isAuthority: true });
  const certificates = (['rsa', 'ec'] as const).map((keyType) => {
    const options = { issuer: authority, keyType, commonName: 'a.test', dnsNames: ['a.test'] };
    const { pem, privateKeyPem } = createCertificate({ ...options, keyUsage: 0x80 });
    return { certificate_chain: inline(pem), private_key: inline(privateKeyPem) };
  });
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: inline('hello') } }];
  const manager = {
    '@type': `${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'm',
    route_config: { virtual_hosts: [{ name: 'v', domains: ['*'], routes }] },
    http_filters: [{ name: 'r', typed_config: { '@type': `${extensions}.filters.http.router.v3.Router` } }],
  };
  const tls = {
    '@type': `${extensions}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: { tls_certificates: certificates, alpn_protocols: ['h2', 'http/1.1'] },
  };
  const chain = {
    filters: [{ name: 'm', typed_config: manager }],
    transport_socket: { name: 'tls', typed_config: tls },
  };
  return {
    node: { id: 'n', cluster: 'c' },
    admin: address(adminPort),
    static_resources: { listeners: [{ name: 'l', ...address(port), filter_chains: [chain] }] },
  };
}

/** Returns the port that takes TLS. */
async function startProxy(
  harness: Harness,
  name: string,
  program: readonly [string, ...string[]],
): Promise<number> {
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const file = path.join(harness.folder, `${name}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(buildBootstrap(port, adminPort)));
  const command = [...program, '-c', file, '--concurrency', '1'] as const;
  await harness.start({ name, command }, () => answersOk(adminPort, '/ready'));
  return port;
}

async function probe(harness: Harness, port: number, probes: readonly string[]): Promise<readonly Finding[]> {
  const file = path.join(harness.folder, `findings-${port}.json`);
  const run = promisify(execFile)(testssl.path, [
    ...[...probes, '--warnings', 'off', '--color', '0', '--nodns', 'none', '--ip', '127.0.0.1'],
    ...['--jsonfile', file, `https://a.test:${port}/`],
  ]);
  // Its exit code counts what it could not do; a file that is no JSON is one that it did not end.
  await run.catch(() => undefined);
  return JSON.parse(readFileSync(file, 'utf8')) as Finding[];
}

/** A row for each thing; a cell holds names in the order in which the server would take them. */
function toTable(ours: readonly Finding[], theirs: readonly Finding[]): string {
  const cells = [describe(ours), describe(theirs)];
  const rows = [...(cells[0]?.keys() ?? [])].map(
    (name) => `| ${name} | ${cells.map((of) => of.get(name) ?? '').join(' | ')} |`,
  );
  return ['| | Heddle | Envoy |', '| - | - | - |', ...rows].join('\n');
}

function describe(findings: readonly Finding[]): ReadonlyMap<string, string> {
  const of = (id: string): string => findings.find((each) => each.id === id)?.finding ?? '';
  const offered = [
    ['SSLv2', 'SSL 2'],
    ['SSLv3', 'SSL 3'],
    ['TLS1', 'TLS 1.0'],
    ['TLS1_1', 'TLS 1.1'],
    ['TLS1_2', 'TLS 1.2'],
    ['TLS1_3', 'TLS 1.3'],
  ].flatMap(([id = '', name = '']) => (of(id).startsWith('offered') ? [name] : []));
  const names = (list: string): string => list.trim().split(/\s+/).join(', ');
  // Where the client's order counts, there is a set and no order.
  const ciphersOf13 = of('PFS_ciphers')
    .split(' ')
    .filter((name) => name.startsWith('TLS_'))
    .sort();
  return new Map([
    ['versions', offered.join(', ')],
    ['ciphers of TLS 1.2', names(of('cipherorder_TLSv1_2'))],
    ['ciphers of TLS 1.3', names(of('cipherorder_TLSv1_3') || ciphersOf13.join(' '))],
    ['whose order counts', of('cipher_order').replace(' -- ', ', ')],
    ['curves', names(of('PFS_ECDHE_curves'))],
    ['ALPN', names(`${of('ALPN_HTTP2')} ${of('ALPN')}`)],
  ]);
}

const withoutPadding = (text: string): string => text.replace(/ {2,}/g, ' ').replace(/-{2,}/g, '-');

test(
  'testssl.sh finds nothing with default settings, and docs/tls.md says what it sees beside Envoy',
  { skip: testssl.skip || envoy.skip },
  async () => {
    await using harness = createHarness('testssl');
    const ours = await startProxy(harness, 'sidecar', ['node', ...planeProgram('data-plane')]);
    const theirs = await startProxy(harness, 'envoy', [envoy.path, '--disable-hot-restart']);
    const [ourFindings, theirFindings] = await Promise.all([
      probe(harness, ours, allProbes),
      probe(harness, theirs, tableProbes),
    ]);
    const ids = new Set(ourFindings.map(({ id }) => id));
    for (const id of ['TLS1_3', 'cipherlist_LOW', 'PFS', 'cipher_order', 'heartbleed', 'ROBOT', 'RC4'])
      assert.ok(ids.has(id), `${id} was probed`);
    assert.deepEqual(
      ourFindings.filter(({ severity }) => severity !== 'OK' && severity !== 'INFO'),
      [],
    );
    const table = toTable(ourFindings, theirFindings);
    const document = withoutPadding(readFileSync(documentPath, 'utf8'));
    assert.ok(document.includes(withoutPadding(table)), `docs/tls.md should have this table:\n${table}`);
  },
);
