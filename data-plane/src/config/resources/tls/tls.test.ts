import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificate, createRevocationList } from '@heddle/shared/testing/certificates';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from '../testing/decode-yaml.ts';
import {
  authority,
  chain,
  clusterOf,
  common,
  decodeListener,
  downstream,
  filters,
  inline,
  listenerOf,
  pair,
  type Json,
} from './testing/tls-resources.ts';

test("a server's context has Envoy's defaults", () => {
  const decoded = downstream(common({}));
  assert.deepEqual(decoded?.parameters, {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-RSA-CHACHA20-POLY1305',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
    ],
    ecdhCurves: ['X25519', 'P-256'],
  });
  assert.deepEqual(decoded.certificates[0]?.serverNames, ['a.test', '*.b.test']);
  assert.equal(decoded.certificates[0].keyType, 'ec');
  assert.equal(decoded.requireClientCertificate, false);
  assert.equal('validation' in decoded, false);
});

test("a client's context stops at TLS 1.2, and names its server", () => {
  const decode = (yaml: string) => decodeYaml(resourceTypes.cluster, yaml).tls;
  const bare = decode(clusterOf({}));
  assert.equal(bare?.parameters.maxVersion, 'TLSv1.2');
  assert.deepEqual([bare.sni, bare.maxSessionKeys, bare.certificates.length], ['', 1, 0]);
  const full = decode(
    clusterOf({
      sni: 'a.test',
      max_session_keys: 0,
      common_tls_context: {
        tls_certificates: [pair],
        alpn_protocols: ['h2'],
        tls_params: { tls_maximum_protocol_version: 'TLSv1_3' },
      },
    }),
  );
  assert.equal(full?.parameters.maxVersion, 'TLSv1.3');
  assert.deepEqual([full.sni, full.maxSessionKeys, full.alpnProtocols], ['a.test', 0, ['h2']]);
  assert.equal(full.certificates.length, 1);
});

test('what is asked of certificates', () => {
  const { validation } =
    downstream(
      common({
        validation_context: {
          trusted_ca: inline(authority.pem),
          crl: inline(createRevocationList(authority, [])),
          verify_certificate_hash: ['AB:'.repeat(31) + 'AB'],
          verify_certificate_spki: ['NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A='],
          match_typed_subject_alt_names: [
            { san_type: 'URI', matcher: { prefix: 'spiffe://' } },
            { san_type: 'OTHER_NAME', oid: '1.2.3', matcher: { exact: 'x' } },
          ],
        },
      }),
    ) ?? {};
  assert.deepEqual(validation?.subjectAltNames, [
    { type: 'uri', oid: '', matcher: { kind: 'prefix', value: 'spiffe://', ignoreCase: false } },
    { type: 'other-name', oid: '1.2.3', matcher: { kind: 'exact', value: 'x', ignoreCase: false } },
  ]);
  assert.deepEqual(validation.certificateHashes, ['ab'.repeat(32)]);
  assert.equal(validation.spkiHashes.length, 1);
  assert.equal(validation.trustedCaPem, authority.pem);
});

test('certificates of files, with a password, of RSA, and without alternative names', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const rsa = createCertificate({ keyType: 'rsa', commonName: 'Only.CN' });
  const encrypted = rsa.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  writeFileSync(join(folder, 'chain.pem'), rsa.pem + authority.pem);
  const decoded = downstream({
    common_tls_context: {
      tls_certificates: [
        {
          certificate_chain: { filename: join(folder, 'chain.pem') },
          private_key: inline(encrypted.toString()),
          password: inline('secret'),
        },
      ],
    },
  });
  const [certificate] = decoded?.certificates ?? [];
  assert.equal(certificate?.keyType, 'rsa');
  assert.deepEqual(certificate.serverNames, ['only.cn']);
  assert.equal(certificate.chainPem, rsa.pem + authority.pem);
  assert.equal(certificate.privateKeyPem, rsa.privateKeyPem);
});

test('the TLS inspector, and chains that no connection comes to without it', () => {
  const withMatch = (match: Json, fields: Json = {}): string =>
    listenerOf([chain(common({}), { filter_chain_match: match })], fields);
  const inspector = { '@type': `${filters}.listener.tls_inspector.v3.TlsInspector` };
  const inspected = (more: Json, fields: Json = {}) => ({
    listener_filters: [{ name: 'i', typed_config: { ...inspector, ...more } }],
    ...fields,
  });
  assert.deepEqual(decodeListener(withMatch({ server_names: ['a'] }, inspected({}))).listenerFilters, {
    timeoutMs: 15_000,
    continuesOnTimeout: false,
    filters: [{ kind: 'tls-inspector', maxClientHelloBytes: 16_384, closesOnParsingErrors: false }],
  });
  const told = inspected(
    { max_client_hello_size: 1000, close_connection_on_client_hello_parsing_errors: true },
    { listener_filters_timeout: '0s', continue_on_listener_filters_timeout: true },
  );
  assert.deepEqual(decodeListener(withMatch({}, told)).listenerFilters, {
    timeoutMs: 0,
    continuesOnTimeout: true,
    filters: [{ kind: 'tls-inspector', maxClientHelloBytes: 1000, closesOnParsingErrors: true }],
  });
  const tooLarge = withMatch({}, inspected({ max_client_hello_size: 16_385 }));
  assert.match(problemsOfYaml(resourceTypes.listener, tooLarge).join('\n'), /max_client_hello_size: /);
  // As in Envoy 1.40: they are taken.
  for (const match of [
    { server_names: ['a'] },
    { application_protocols: ['h2'] },
    { transport_protocol: 'tls' },
  ]) {
    assert.equal(decodeListener(withMatch(match)).listenerFilters, undefined);
    const [ignored] = ignoredOfYaml(resourceTypes.listener, withMatch(match));
    assert.match(ignored ?? '', /^filter_chains\[0\]\.filter_chain_match: is ignored: no connection fits it/);
    assert.deepEqual(ignoredOfYaml(resourceTypes.listener, withMatch(match, inspected({}))), []);
  }
  assert.deepEqual(
    ignoredOfYaml(resourceTypes.listener, withMatch({ transport_protocol: 'raw_buffer' })),
    [],
  );
});

test('server names, protocols and the HTTP inspector', () => {
  const matched = (match: Json, fields: Json = {}) =>
    listenerOf([chain(common({}), { filter_chain_match: match })], fields);
  const match = decodeListener(matched({ server_names: ['A.test', '*.B.test'] })).filterChains[0]?.match;
  assert.deepEqual(match?.serverNames, ['a.test', '*.b.test']);
  for (const name of ['*', 'a*.test', '*.*.test', '*a.test', '']) {
    const lines = problemsOfYaml(resourceTypes.listener, matched({ server_names: [name] }));
    assert.match(lines.join('\n'), /^filter_chains\[0\]\.filter_chain_match\.server_names\[0\]: /, name);
  }
  const twice = listenerOf([
    chain(common({}), { filter_chain_match: { server_names: ['a', 'b'] } }),
    chain(common({}), { filter_chain_match: { server_names: ['B'] } }),
  ]);
  assert.match(
    problemsOfYaml(resourceTypes.listener, twice).join('\n'),
    /^filter_chains\[1\]\.filter_chain_match: matches the same/,
  );
  const httpInspector = {
    listener_filters: [
      { name: 'h', typed_config: { '@type': `${filters}.listener.http_inspector.v3.HttpInspector` } },
    ],
  };
  const protocols = matched({ application_protocols: ['http/1.1'] }, httpInspector);
  assert.deepEqual(decodeListener(protocols).listenerFilters?.filters, [{ kind: 'http-inspector' }]);
  assert.deepEqual(ignoredOfYaml(resourceTypes.listener, protocols), []);
});

test('the time of a handshake is that of its chain; zero is none', () => {
  const timeoutOf = (timeout: string) =>
    decodeListener(listenerOf([chain(common({}), { transport_socket_connect_timeout: timeout })]))
      .filterChains[0]?.transportSocketConnectTimeoutMs;
  assert.equal(timeoutOf('1.5s'), 1500);
  assert.equal(timeoutOf('0s'), undefined);
});
