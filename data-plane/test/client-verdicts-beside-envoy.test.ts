import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { test } from 'node:test';
import {
  createCertificate,
  createRevocationList,
  type TestCertificate,
} from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { startBoth } from './beside-envoy.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { listener, manager, type Json } from './statistics/bootstrap-parts.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

const root = createCertificate({ commonName: 'root', isAuthority: true });
const otherRoot = createCertificate({ commonName: 'other root', isAuthority: true });
const upper = createCertificate({ commonName: 'upper', issuer: root, isAuthority: true });
const lower = createCertificate({ commonName: 'lower', issuer: upper, isAuthority: true });
const oldRoot = createCertificate({ commonName: 'old', isAuthority: true, fromDays: -3, toDays: -2 });
const server = createCertificate({ dnsNames: ['server.test'] });
const names = {
  // SPIFFE's validator of Envoy asks for this.
  keyUsage: 0x80,
  uris: ['spiffe://mesh/client'],
  dnsNames: ['client.test'],
  emails: ['me@client.test'],
  addresses: ['10.0.0.1'],
  otherNames: { '1.2.3.4': 'other' },
};
const good = createCertificate({ issuer: root, ...names });
const revoked = createCertificate({ issuer: root, ...names });
const past = { fromDays: -3, toDays: -2 };

/** What a client shows: its certificate, and those that it sends with it. */
const clients: Readonly<Record<string, readonly TestCertificate[]>> = {
  none: [],
  good: [good],
  'of another authority': [createCertificate({ issuer: otherRoot, ...names })],
  'of nobody': [createCertificate(names)],
  expired: [createCertificate({ issuer: root, ...names, ...past })],
  'not yet valid': [createCertificate({ issuer: root, ...names, fromDays: 1, toDays: 2 })],
  'expired, of another authority': [createCertificate({ issuer: otherRoot, ...names, ...past })],
  'expired, of nobody': [createCertificate({ ...names, ...past })],
  'of an expired authority': [createCertificate({ issuer: oldRoot, ...names })],
  'other names': [
    createCertificate({
      issuer: root,
      keyUsage: 0x80,
      uris: ['spiffe://mesh/other'],
      dnsNames: ['other.test'],
      emails: ['me@other'],
      addresses: ['10.0.0.2'],
      otherNames: { '1.2.3.4': 'another' },
    }),
  ],
  'a wildcard': [createCertificate({ issuer: root, dnsNames: ['*.test'] })],
  'no names': [createCertificate({ issuer: root })],
  'a name of SPIFFE, and no usage': [createCertificate({ issuer: root, uris: names.uris })],
  'another trust domain': [
    createCertificate({ issuer: otherRoot, uris: ['spiffe://other/client'], keyUsage: 0x80 }),
  ],
  "another trust domain's name": [
    createCertificate({ issuer: root, uris: ['spiffe://other/client'], keyUsage: 0x80 }),
  ],
  'an unknown trust domain': [
    createCertificate({ issuer: root, uris: ['spiffe://unknown/client'], keyUsage: 0x80 }),
  ],
  'a trust domain without a path': [
    createCertificate({ issuer: root, uris: ['spiffe://mesh'], keyUsage: 0x80 }),
  ],
  'two names of SPIFFE': [
    createCertificate({
      issuer: root,
      uris: ['spiffe://mesh/client', 'spiffe://other/client'],
      keyUsage: 0x80,
    }),
  ],
  'an authority': [createCertificate({ issuer: root, isAuthority: true, ...names, keyUsage: 0x86 })],
  'a key for lists only': [createCertificate({ issuer: root, ...names, keyUsage: 0x82 })],
  'a key that may not sign': [createCertificate({ issuer: root, ...names, keyUsage: 0x20 })],
  revoked: [revoked],
  'revoked and expired': [createCertificate({ issuer: root, ...names, ...past })],
  'one between': [createCertificate({ issuer: upper, ...names }), upper],
  'one between, and the root': [createCertificate({ issuer: upper, ...names }), upper, root],
  'one between, not sent': [createCertificate({ issuer: upper, ...names })],
  'two between': [createCertificate({ issuer: lower, ...names }), lower, upper],
  'two between, in disorder': [createCertificate({ issuer: lower, ...names }), upper, lower],
  'two between, one not sent': [createCertificate({ issuer: lower, ...names }), lower],
  'two between, expired': [createCertificate({ issuer: lower, ...names, ...past }), lower, upper],
  'issued by no authority': [createCertificate({ issuer: good, ...names }), good],
  'issued by no authority, expired': [createCertificate({ issuer: good, ...names, ...past }), good],
};
const lists = createRevocationList(root, [revoked, ...(clients['revoked and expired'] ?? [])]);
const emptyLists = [root, upper, lower].map((issuer) => createRevocationList(issuer, [])).join('');

const inline = (...texts: readonly string[]): Json => ({ inline_string: texts.join('') });
const trusted = { trusted_ca: inline(root.pem) };
const named = (san_type: string, matcher: Json, fields: Json = {}): Json => ({
  match_typed_subject_alt_names: [{ san_type, matcher, ...fields }],
});
const hash = (bytes: Buffer, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(bytes).digest(encoding);
const fingerprint = hash(good.der, 'hex');
const spki = hash(new X509Certificate(good.pem).publicKey.export({ type: 'spki', format: 'der' }), 'base64');
const spiffe = (bundles: Readonly<Record<string, string>>, fields: Json = {}): Json => ({
  custom_validator_config: {
    name: 'envoy.tls.cert_validator.spiffe',
    typed_config: {
      '@type': `${tls}.SPIFFECertValidatorConfig`,
      trust_domains: Object.entries(bundles).map(([name, pem]) => ({ name, trust_bundle: inline(pem) })),
    },
  },
  ...fields,
});
const domains = { mesh: root.pem, other: otherRoot.pem };
const untrusted = { trust_chain_verification: 'ACCEPT_UNTRUSTED' };
const required = { require_client_certificate: true };

interface Case {
  /** Absent: there is no validation context. */
  readonly validation?: Json;
  readonly context?: Json;
  /**
   * Clients that need a path of our own, and are refused for the lack of one: Node does not show a server what a client
   * sends with its certificate.
   */
  readonly unseen?: RegExp;
  /** Envoy asks nobody for a certificate that it cannot verify, whatever is required; here nobody has a good one. */
  readonly isRequiredInVain?: true;
}

/** Clients with certificates between their own and an authority. */
const between = /^(one|two) between/;
const betweenExpired = /^two between, expired/;

const cases: Readonly<Record<string, Case>> = {
  nothing: {},
  'nothing, required': { context: required, isRequiredInVain: true },
  'an empty context': { validation: {} },
  'an empty context, required': { validation: {}, context: required, isRequiredInVain: true },
  roots: { validation: trusted },
  'roots, required': { validation: trusted, context: required },
  'two roots': { validation: { trusted_ca: inline(root.pem, otherRoot.pem) } },
  'an expired root': { validation: { trusted_ca: inline(oldRoot.pem) } },
  'an intermediate one as root': { validation: { trusted_ca: inline(upper.pem) } },
  'a URI': { validation: { ...trusted, ...named('URI', { exact: 'spiffe://mesh/client' }) } },
  'a URI by its beginning': { validation: { ...trusted, ...named('URI', { prefix: 'spiffe://mesh/c' }) } },
  'a DNS name': { validation: { ...trusted, ...named('DNS', { exact: 'client.test' }) } },
  'a DNS name by its end': { validation: { ...trusted, ...named('DNS', { suffix: 'nt.test' }) } },
  'an e-mail address': { validation: { ...trusted, ...named('EMAIL', { contains: '@client' }) } },
  'an address': { validation: { ...trusted, ...named('IP_ADDRESS', { exact: '10.0.0.1' }) } },
  'another name': {
    validation: { ...trusted, ...named('OTHER_NAME', { exact: 'other' }, { oid: '1.2.3.4' }) },
  },
  'a regular expression': {
    validation: { ...trusted, ...named('DNS', { safe_regex: { regex: 'c[a-z]+\\.test' } }) },
  },
  'a hash': { validation: { verify_certificate_hash: [fingerprint] } },
  'a key': { validation: { verify_certificate_spki: [spki] } },
  'a hash of another, or a key': {
    validation: { verify_certificate_hash: ['00'.repeat(32)], verify_certificate_spki: [spki] },
  },
  'a hash and roots': { validation: { ...trusted, verify_certificate_hash: [fingerprint] } },
  'a name, a hash and roots': {
    validation: {
      ...trusted,
      verify_certificate_hash: ['00'.repeat(32)],
      ...named('DNS', { exact: 'client.test' }),
    },
  },
  'a list of one': { validation: { ...trusted, crl: inline(lists) } },
  'lists of all': { validation: { ...trusted, crl: inline(emptyLists) } },
  'a list among the roots': { validation: { trusted_ca: inline(root.pem, lists) } },
  'a list, for leaves': { validation: { ...trusted, crl: inline(lists), only_verify_leaf_cert_crl: true } },
  "a list of the last one's, for leaves": {
    validation: {
      ...trusted,
      crl: inline(createRevocationList(lower, [])),
      only_verify_leaf_cert_crl: true,
    },
    unseen: between,
  },
  'a list, expired ones too': {
    validation: { ...trusted, crl: inline(lists), allow_expired_certificate: true },
  },
  'expired ones too': { validation: { ...trusted, allow_expired_certificate: true }, unseen: betweenExpired },
  'expired roots too': {
    validation: { trusted_ca: inline(root.pem, oldRoot.pem), allow_expired_certificate: true },
    unseen: betweenExpired,
  },
  'untrusted ones too': { validation: { ...trusted, ...untrusted } },
  'untrusted ones too, required': { validation: { ...trusted, ...untrusted }, context: required },
  'untrusted ones too, by name': {
    validation: { ...trusted, ...untrusted, ...named('DNS', { exact: 'client.test' }) },
  },
  'untrusted ones too, by hash': { validation: { ...untrusted, verify_certificate_hash: [fingerprint] } },
  'untrusted ones only': { validation: untrusted },
  'untrusted ones only, required': { validation: untrusted, context: required, isRequiredInVain: true },
  SPIFFE: { validation: spiffe(domains), unseen: between },
  'SPIFFE with one domain': { validation: spiffe({ mesh: root.pem }) },
  'SPIFFE with two domains and all between': {
    validation: spiffe({ mesh: root.pem + upper.pem + lower.pem, other: otherRoot.pem }),
  },
  'SPIFFE, required': { validation: spiffe(domains), context: required, unseen: between },
  'SPIFFE by name': { validation: spiffe(domains, named('URI', { suffix: '/client' })), unseen: between },
  'SPIFFE, expired ones too': {
    validation: spiffe(domains, { allow_expired_certificate: true }),
    unseen: between,
  },
  'SPIFFE with an intermediate one': { validation: spiffe({ mesh: upper.pem }) },
  'SPIFFE with roots': { validation: spiffe({ mesh: otherRoot.pem }, trusted) },
};

function chainOf(index: number, { validation, context }: Case): Json {
  const common = {
    tls_certificates: [{ certificate_chain: inline(server.pem), private_key: inline(server.privateKeyPem) }],
    ...(validation === undefined ? {} : { validation_context: validation }),
  };
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
  return {
    filter_chain_match: { server_names: [`c${index}.test`] },
    filters: [{ name: 'm', typed_config: manager('m', routes, { delayed_close_timeout: '0.1s' }) }],
    transport_socket: {
      name: 'tls',
      typed_config: { '@type': `${tls}.DownstreamTlsContext`, common_tls_context: common, ...context },
    },
  };
}

/** Whether a request of the client's is answered. */
async function visit(port: number, servername: string, shown: readonly TestCertificate[]): Promise<string> {
  const socket = connect({
    ...{ port, host: '127.0.0.1', rejectUnauthorized: false, servername },
    ...(shown[0] === undefined
      ? {}
      : { cert: shown.map(({ pem }) => pem).join(''), key: shown[0].privateKeyPem }),
  });
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  return received === '' ? 'refused' : 'taken';
}

const counted =
  /^envoy_listener_ssl_(handshake|no_certificate|fail_verify_\w+|connection_error)\{.*\} (\d+)$/gm;

async function countersOf(adminPort: number): Promise<Record<string, number>> {
  const text = await askAdmin(adminPort, '/stats/prometheus');
  return Object.fromEntries([...text.matchAll(counted)].map(([, name = '', value]) => [name, Number(value)]));
}

test(
  'which clients are taken, and what is counted, is what a real Envoy does',
  { skip: envoy.skip },
  async (t) => {
    const chains = Object.values(cases).map((it, index) => chainOf(index, it));
    const both = await startBoth(t, envoy.path, (fields) => ({
      listeners: [
        listener(
          'l',
          {},
          {
            ...fields,
            filter_chains: chains,
            listener_filters: [{ name: 'i', typed_config: { '@type': inspector } }],
          },
        ),
      ],
    }));
    const visitAll = async (
      port: number,
      index: number,
      names: readonly string[],
    ): Promise<Record<string, string>> => {
      const verdicts = names.map(async (name) => [
        name,
        await visit(port, `c${index}.test`, clients[name] ?? []),
      ]);
      return Object.fromEntries(await Promise.all(verdicts)) as Record<string, string>;
    };
    const verdictsOf = async (port: number, adminPort: number): Promise<unknown[]> => {
      const verdicts: unknown[] = [];
      let before = await countersOf(adminPort);
      for (const [index, [name, it]] of Object.entries(cases).entries()) {
        if (it.isRequiredInVain === true) continue;
        const names = Object.keys(clients).filter((client) => it.unseen?.test(client) !== true);
        const seen = await visitAll(port, index, names);
        const after = await countersOf(adminPort);
        const moved = Object.entries(after)
          .map(([counter, value]) => `${counter} ${value - (before[counter] ?? 0)}`)
          .filter((text) => !text.endsWith(' 0'))
          .sort();
        verdicts.push({ name, seen, moved });
        before = after;
      }
      return verdicts;
    };
    const [ours, theirs] = await Promise.all([
      verdictsOf(both.ours, both.ourAdmin),
      verdictsOf(both.theirs, both.theirAdmin),
    ]);
    assert.deepEqual(ours, theirs);

    // Where the two differ, and why, stands at `Case`.
    for (const [index, [name, { unseen, isRequiredInVain }]] of Object.entries(cases).entries()) {
      const names = isRequiredInVain ? ['none'] : Object.keys(clients).filter((it) => unseen?.test(it));
      if (names.length === 0) continue;
      const here = await visitAll(both.ours, index, names);
      const there = await visitAll(both.theirs, index, names);
      assert.deepEqual(new Set(Object.values(here)), new Set(['refused']), name);
      assert.ok(Object.values(there).includes('taken'), name);
    }
  },
);
