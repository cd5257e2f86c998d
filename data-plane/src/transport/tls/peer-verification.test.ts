import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate, createRevocationList } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import type { DownstreamTls, TlsValidation, UpstreamTls } from '../../config/model/tls.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { createTransportContext } from '../transport-context.ts';
import { tryClient, tryServer, verifyFailed } from './testing/handshake-outcomes.ts';
import { buildDownstreamTls, buildUpstreamTls, buildValidation, toModel } from './testing/tls-fixtures.ts';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const stranger = createCertificate({ commonName: 'other ca', isAuthority: true });
const serverCertificate = createCertificate({ issuer: authority, dnsNames: ['a.test', '*.b.test'] });
const clientCertificate = createCertificate({
  issuer: authority,
  uris: ['spiffe://mesh/client'],
  emails: ['me@a.test'],
  addresses: ['10.0.0.1'],
  dnsNames: ['client.test'],
  otherNames: { '1.2.3.4': 'other' },
});
const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true });
const trustAuthority = buildValidation({ trustedCaPem: authority.pem });
const judge = (client: UpstreamTls): Promise<string | undefined> =>
  tryServer(context, client, buildDownstreamTls([toModel(serverCertificate)]));

test('clients are asked for a certificate, and judged by it', async () => {
  const server = (validation: TlsValidation, requireClientCertificate = false): DownstreamTls =>
    buildDownstreamTls([toModel(serverCertificate)], { validation, requireClientCertificate });
  const identity = { cert: clientCertificate.pem, key: clientCertificate.privateKeyPem };
  const foreign = createCertificate({ issuer: stranger, uris: ['spiffe://mesh/client'] });
  const expired = createCertificate({ issuer: authority, fromDays: -3, toDays: -2 });
  const identityOf = ({ pem, privateKeyPem }: typeof foreign) => ({ cert: pem, key: privateKeyPem });

  assert.equal((await tryClient(context, server(trustAuthority))).outcome, 'secure');
  assert.equal((await tryClient(context, server(trustAuthority), identity)).outcome, 'secure');
  assert.equal((await tryClient(context, server(trustAuthority, true), identity)).outcome, 'secure');
  for (const bad of [foreign, expired]) {
    assert.equal((await tryClient(context, server(trustAuthority), identityOf(bad))).outcome, verifyFailed);
  }
  const missing = await tryClient(context, server(trustAuthority, true));
  assert.match(missing.outcome, /PEER_DID_NOT_RETURN_A_CERTIFICATE/);
  // Without anything to verify it by, no certificate will do.
  const blind = buildDownstreamTls([toModel(serverCertificate)], { requireClientCertificate: true });
  assert.equal((await tryClient(context, blind, identity)).outcome, verifyFailed);
  const crlPem = createRevocationList(authority, [clientCertificate]);
  assert.equal(
    (await tryClient(context, server({ ...trustAuthority, crlPem }), identity)).outcome,
    verifyFailed,
  );
  const emptyList = createRevocationList(authority, []);
  assert.equal(
    (await tryClient(context, server({ ...trustAuthority, crlPem: emptyList }), identity)).outcome,
    'secure',
  );
});

test('names, hashes and keys of certificates', async () => {
  const exact = (value: string) => ({ kind: 'exact', value, ignoreCase: false }) as const;
  const identity = { cert: clientCertificate.pem, key: clientCertificate.privateKeyPem };
  const outcomeOf = async (validation: Partial<TlsValidation>): Promise<string> => {
    const all = buildValidation(validation);
    const config = buildDownstreamTls([toModel(serverCertificate)], { validation: all });
    return (await tryClient(context, config, identity)).outcome;
  };
  const names = [
    ['uri', 'spiffe://mesh/client', ''],
    ['email', 'me@a.test', ''],
    ['ip', '10.0.0.1', ''],
    ['dns', 'client.test', ''],
    ['other-name', 'other', '1.2.3.4'],
  ] as const;
  for (const [type, value, oid] of names) {
    const matching = { type, oid, matcher: exact(value) };
    const other = { type, oid, matcher: exact(`${value}x`) };
    const { trustedCaPem = '' } = trustAuthority;
    assert.equal(await outcomeOf({ trustedCaPem, subjectAltNames: [other, matching] }), 'secure', type);
    assert.equal(await outcomeOf({ trustedCaPem, subjectAltNames: [other] }), verifyFailed, type);
  }
  // A name of one kind is none of another kind.
  const asDns = { type: 'dns', oid: '', matcher: exact('spiffe://mesh/client') } as const;
  assert.equal(await outcomeOf({ ...trustAuthority, subjectAltNames: [asDns] }), verifyFailed);
  const otherOid = { type: 'other-name', oid: '1.2.3.5', matcher: exact('other') } as const;
  assert.equal(await outcomeOf({ ...trustAuthority, subjectAltNames: [otherOid] }), verifyFailed);

  const { createHash, X509Certificate } = await import('node:crypto');
  const hash = createHash('sha256').update(clientCertificate.der).digest('hex');
  const { publicKey } = new X509Certificate(clientCertificate.pem);
  const spki = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  assert.equal(await outcomeOf({ certificateHashes: [hash] }), 'secure');
  assert.equal(await outcomeOf({ spkiHashes: [spki] }), 'secure');
  assert.equal(await outcomeOf({ certificateHashes: ['00'], spkiHashes: [spki] }), 'secure');
  assert.equal(await outcomeOf({ certificateHashes: ['00'], spkiHashes: ['AA'] }), verifyFailed);
  // Who is pinned must show himself.
  const pinned = buildDownstreamTls([toModel(serverCertificate)], {
    validation: buildValidation({ certificateHashes: [hash] }),
  });
  assert.match((await tryClient(context, pinned)).outcome, /PEER_DID_NOT_RETURN_A_CERTIFICATE/);
});

test('servers are judged by the same rules, and by none without a validation context', async () => {
  const names = (value: string) => [
    { type: 'dns', oid: '', matcher: { kind: 'exact', value, ignoreCase: false } } as const,
  ];
  const trusting = (fields: Partial<TlsValidation> = {}) =>
    buildUpstreamTls({ validation: { ...trustAuthority, ...fields } });
  assert.equal(await judge(buildUpstreamTls()), 'connected');
  assert.equal(await judge(trusting()), 'connected');
  assert.equal(await judge(trusting({ trustedCaPem: stranger.pem })), `close ${verifyFailed}`);
  assert.equal(await judge(trusting({ subjectAltNames: names('a.test') })), 'connected');
  // An exact name fits a wildcard certificate, for one label.
  assert.equal(await judge(trusting({ subjectAltNames: names('x.B.test') })), 'connected');
  assert.equal(await judge(trusting({ subjectAltNames: names('x.y.b.test') })), `close ${verifyFailed}`);
  assert.equal(await judge(trusting({ subjectAltNames: names('b.test') })), `close ${verifyFailed}`);
});
