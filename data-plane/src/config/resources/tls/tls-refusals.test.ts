import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createCertificate, createRevocationList } from '@heddle/shared/testing/certificates';
import { problemsOfYaml, resourceTypes } from '../testing/decode-yaml.ts';
import {
  authority,
  chain,
  clusterOf,
  common,
  inline,
  leaf,
  listenerOf,
  pair,
  problems,
  type Json,
} from './testing/tls-resources.ts';

const other = createCertificate();
const weak = createCertificate({ keyType: 'rsa', keyBits: 1024 });
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const certificates = (fields: Json): Json => ({
  common_tls_context: { tls_certificates: [{ ...pair, ...fields }] },
});
const validation = (fields: Json): Json => common({ validation_context: fields });
const domain = { name: 'mesh', trust_bundle: inline(authority.pem) };
const spiffe = (trust_domains: readonly Json[], fields: Json = {}): Json =>
  validation({
    custom_validator_config: {
      name: 'envoy.tls.cert_validator.spiffe',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig',
        trust_domains,
      },
    },
    ...fields,
  });
const sdsConfig = { name: 's', sds_config: { ads: {}, resource_api_version: 'V3' } };

const refused: readonly [name: string, context: Json, problem: RegExp][] = [
  [
    'no certificate',
    common({ tls_certificates: [] }),
    /^common_tls_context\.tls_certificates: must not be empty/,
  ],
  [
    'no key',
    { common_tls_context: { tls_certificates: [{ certificate_chain: inline(leaf.pem) }] } },
    /tls_certificates\[0\]\.private_key: is missing/,
  ],
  [
    'another key',
    certificates({ private_key: inline(other.privateKeyPem) }),
    /tls_certificates\[0\]\.private_key: is not the key of .*certificate_chain$/,
  ],
  [
    'a key that is none',
    certificates({ private_key: inline('nothing') }),
    /private_key: is not a private key in PEM/,
  ],
  [
    'a wrong password',
    certificates({
      private_key: inline(
        leaf.privateKey
          .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'a' })
          .toString(),
      ),
      password: inline('b'),
    }),
    /private_key: is not a private key in PEM/,
  ],
  [
    'a certificate that is none',
    certificates({ certificate_chain: inline('nothing') }),
    /certificate_chain: holds no certificate in PEM/,
  ],
  [
    'a broken certificate',
    certificates({
      certificate_chain: inline('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    }),
    /certificate_chain: certificate 1 in it cannot be read/,
  ],
  [
    'a weak key',
    certificates({ certificate_chain: inline(weak.pem), private_key: inline(weak.privateKeyPem) }),
    /private_key: has 1024 bits/,
  ],
  [
    'a key of another kind',
    certificates({ private_key: inline(ed25519) }),
    /private_key: must be of RSA, or of ECDSA/,
  ],
  [
    'a file that is not there',
    certificates({ certificate_chain: { filename: '/nowhere/chain.pem' } }),
    /tls_certificates\[0\]\.certificate_chain\.filename: cannot be read: ENOENT/,
  ],
  [
    'an unknown cipher suite',
    common({ tls_params: { cipher_suites: ['ECDHE-RSA-AES128-GCM-SHA256', 'ROT13'] } }),
    /tls_params\.cipher_suites\[1\]: ROT13 is not known/,
  ],
  [
    'an unknown curve',
    common({ tls_params: { ecdh_curves: ['P-1'] } }),
    /tls_params\.ecdh_curves\[0\]: "P-1" is not known/,
  ],
  [
    'a protocol without a name',
    common({ alpn_protocols: [''] }),
    /alpn_protocols\[0\]: must have 1 to 255 bytes/,
  ],
  [
    'an authority that is none',
    validation({ trusted_ca: inline('x') }),
    /validation_context\.trusted_ca: holds no certificate/,
  ],
  [
    'names that anybody may have',
    validation({ match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }] }),
    /validation_context\.trusted_ca: is missing/,
  ],
  [
    'a bad regular expression',
    validation({
      trusted_ca: inline(authority.pem),
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { safe_regex: { regex: '(' } } }],
    }),
    /match_typed_subject_alt_names\[0\]\.matcher\.safe_regex\.regex: /,
  ],
  [
    'a bad hash',
    validation({ verify_certificate_hash: ['g'.repeat(64)] }),
    /verify_certificate_hash\[0\]: is not a SHA-256 hash/,
  ],
  [
    'a list that is none',
    validation({ trusted_ca: inline(authority.pem), crl: inline('x') }),
    /validation_context\.crl: holds no list of revoked certificates/,
  ],
  [
    'certificates of its own and secrets',
    { common_tls_context: { tls_certificate_sds_secret_configs: [sdsConfig], tls_certificates: [pair] } },
    /tls_certificate_sds_secret_configs: must not be set: there are tls_certificates/,
  ],
  [
    'a static secret that is not there',
    { common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'x' }] } },
    /tls_certificate_sds_secret_configs\[0\]\.name: "x" is no static secret/,
  ],
  [
    'a secret of a file that is not there',
    {
      common_tls_context: {
        tls_certificate_sds_secret_configs: [
          { name: 'x', sds_config: { path_config_source: { path: '/nowhere/x' } } },
        ],
      },
    },
    /sds_config\.path_config_source\.path: there is no "\/nowhere\/x"/,
  ],
  [
    'ticket keys',
    { ...common({}), session_ticket_keys: { keys: [inline('x'.repeat(80)), inline('x')] } },
    /^session_ticket_keys\.keys\[1\]: has 1 bytes, and must have 80$/,
  ],
  [
    'ticket keys of a secret that is not there',
    { ...common({}), session_ticket_keys_sds_secret_config: { name: 'x' } },
    /^session_ticket_keys_sds_secret_config\.name: "x" is no static secret/,
  ],
  [
    'a key that somebody else holds',
    certificates({ private_key_provider: { provider_name: 'x' } }),
    /tls_certificates\[0\]\.private_key_provider: is not supported/,
  ],
  [
    'a certificate in PKCS #12',
    { common_tls_context: { tls_certificates: [{ pkcs12: inline('x') }] } },
    /tls_certificates\[0\]\.pkcs12: is not supported/,
  ],
  [
    'a staple',
    certificates({ ocsp_staple: { inline_bytes: 'eA==' } }),
    /tls_certificates\[0\]\.ocsp_staple: is not supported/,
  ],
  [
    'a depth that SPIFFE does not look at',
    spiffe([domain], { max_verify_depth: 1 }),
    /validation_context\.max_verify_depth: has no effect on the SPIFFE validator/,
  ],
  [
    'expired certificates of anybody',
    validation({ allow_expired_certificate: true }),
    /validation_context\.trusted_ca: is missing: without it validity is never looked at/,
  ],
  [
    'a depth that OpenSSL does not go to',
    validation({ trusted_ca: inline(authority.pem), max_verify_depth: 101 }),
    /validation_context\.max_verify_depth: /,
  ],
  [
    'a list that cannot be read here',
    validation({
      trusted_ca: inline(authority.pem),
      crl: inline('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'),
      only_verify_leaf_cert_crl: true,
    }),
    /validation_context\.crl: list 1 cannot be read/,
  ],
  [
    'an unknown validator',
    validation({
      custom_validator_config: {
        name: 'x',
        typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct' },
      },
    }),
    /custom_validator_config\.typed_config: google\.protobuf\.Struct is not supported/,
  ],
  [
    'a trust domain that is there twice',
    spiffe([domain, domain]),
    /typed_config\.trust_domains\[1\]\.name: "mesh" is there already/,
  ],
  [
    'a trust domain without authorities',
    spiffe([{ name: 'mesh' }]),
    /typed_config\.trust_domains\[0\]\.trust_bundle: is missing/,
  ],
  [
    'lists of a trust domain',
    spiffe([{ name: 'mesh', trust_bundle: inline(authority.pem + createRevocationList(authority, [])) }]),
    /trust_domains\[0\]\.trust_bundle: holds a list of revoked certificates/,
  ],
  [
    'pins that SPIFFE does not look at',
    spiffe([domain], { verify_certificate_hash: ['00'.repeat(32)] }),
    /validation_context\.verify_certificate_hash: has no effect on the SPIFFE validator/,
  ],
  [
    'names that SPIFFE does not look at',
    spiffe([domain], { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }] }),
    /match_typed_subject_alt_names\[0\]\.san_type: must be URI/,
  ],
];

for (const [name, context, problem] of refused) {
  test(`a server's context is refused for ${name}`, () => {
    const lines = problems(context);
    assert.ok(
      lines.some((line) => problem.test(line)),
      lines.join('\n'),
    );
    // No line says anything of a key.
    assert.doesNotMatch(lines.join('\n'), /BEGIN/);
  });
}

test('the path of a bad key is that of its chain and certificate', () => {
  const bad = { ...pair, private_key: inline(other.privateKeyPem) };
  const context = { common_tls_context: { tls_certificates: [pair, bad] } };
  const [problem] = problemsOfYaml(
    resourceTypes.listener,
    listenerOf([chain(common({}), { filter_chain_match: { server_names: ['a'] } }), chain(context)]),
  );
  assert.match(
    problem ?? '',
    /^filter_chains\[1\]\.transport_socket\.typed_config\.common_tls_context\.tls_certificates\[1\]\.private_key: is not the key/,
  );
});

test("a cluster's context is refused for two certificates, for renegotiation, and for a name without roots", () => {
  const linesOf = (context: Json): string =>
    problemsOfYaml(resourceTypes.cluster, clusterOf(context)).join('\n');
  assert.match(
    linesOf(common({ tls_certificates: [pair, pair] })),
    /common_tls_context\.tls_certificates\[1\]: is one too many/,
  );
  assert.match(linesOf({ allow_renegotiation: true }), /typed_config\.allow_renegotiation: /);
  for (const context of [{}, { common_tls_context: { validation_context: {} } }]) {
    assert.match(
      linesOf({ auto_sni_san_validation: true, ...context }),
      /typed_config\.auto_sni_san_validation: needs a validation context with `trusted_ca`/,
    );
  }
});
