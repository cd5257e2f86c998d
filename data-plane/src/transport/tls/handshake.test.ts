import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { createCertificate, createRevocationList } from '@heddle/shared/testing/certificates';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock } from '@heddle/shared/time/clock';
import type { DownstreamTls, TlsValidation, UpstreamTls } from '../../config/model/tls.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import { connectTls } from './connect-tls.ts';
import {
  buildDownstreamTls,
  buildUpstreamTls,
  buildValidation,
  defaultParameters,
  toModel,
} from './testing/tls-fixtures.ts';
import { createUpstreamContext, listenTls } from './testing/tls-pair.ts';

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

/** Turns the event loop until the condition holds; the test's own time limit is the end. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** One connection of Node's own client; resolves when the server has decided. */
async function tryClient(
  config: DownstreamTls,
  options: ConnectionOptions = {},
): Promise<{ outcome: string; socket: TLSSocket }> {
  let decide: (outcome: string) => void = () => undefined;
  const decided = new Promise<string>((resolve) => (decide = resolve));
  const listener = await listenTls(
    context,
    config,
    (connection) => {
      new Events(connection);
      decide('secure');
      connection.close('flush');
    },
    (reason, detail) => decide(`${reason} ${detail}`),
  );
  const socket = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const outcome = await decided;
  await closed;
  await listener.close();
  return { outcome, socket };
}

/** The outcome of one connection of ours to a server of ours. */
async function tryServer(client: UpstreamTls, server = buildDownstreamTls([toModel(serverCertificate)])) {
  const listener = await listenTls(context, server, (connection) => new Events(connection));
  const events = new Events(
    connectTls(
      context,
      { remoteAddress: { address: '127.0.0.1', port: listener.port }, connectTimeoutMs: 5_000 },
      createUpstreamContext(client),
    ),
  );
  await events.until(() => events.log.length > 0);
  const [outcome] = events.log;
  events.connection.close('abort');
  await events.untilLogged('close');
  await listener.close();
  return outcome;
}

const verifyFailed = 'connect-failure TLS_error:|CERTIFICATE_VERIFY_FAILED:TLS_error_end';

test('clients are asked for a certificate, and judged by it', async () => {
  const server = (validation: TlsValidation, requireClientCertificate = false): DownstreamTls =>
    buildDownstreamTls([toModel(serverCertificate)], { validation, requireClientCertificate });
  const identity = { cert: clientCertificate.pem, key: clientCertificate.privateKeyPem };
  const foreign = createCertificate({ issuer: stranger, uris: ['spiffe://mesh/client'] });
  const expired = createCertificate({ issuer: authority, fromDays: -3, toDays: -2 });
  const identityOf = ({ pem, privateKeyPem }: typeof foreign) => ({ cert: pem, key: privateKeyPem });

  assert.equal((await tryClient(server(trustAuthority))).outcome, 'secure');
  assert.equal((await tryClient(server(trustAuthority), identity)).outcome, 'secure');
  assert.equal((await tryClient(server(trustAuthority, true), identity)).outcome, 'secure');
  for (const bad of [foreign, expired]) {
    assert.equal((await tryClient(server(trustAuthority), identityOf(bad))).outcome, verifyFailed);
  }
  const missing = await tryClient(server(trustAuthority, true));
  assert.match(missing.outcome, /PEER_DID_NOT_RETURN_A_CERTIFICATE/);
  // Without anything to verify it by, no certificate will do.
  const blind = buildDownstreamTls([toModel(serverCertificate)], { requireClientCertificate: true });
  assert.equal((await tryClient(blind, identity)).outcome, verifyFailed);
  const crlPem = createRevocationList(authority, [clientCertificate]);
  assert.equal((await tryClient(server({ ...trustAuthority, crlPem }), identity)).outcome, verifyFailed);
  const emptyList = createRevocationList(authority, []);
  assert.equal(
    (await tryClient(server({ ...trustAuthority, crlPem: emptyList }), identity)).outcome,
    'secure',
  );
});

test('names, hashes and keys of certificates', async () => {
  const exact = (value: string) => ({ kind: 'exact', value, ignoreCase: false }) as const;
  const identity = { cert: clientCertificate.pem, key: clientCertificate.privateKeyPem };
  const outcomeOf = async (validation: Partial<TlsValidation>): Promise<string> => {
    const all = buildValidation(validation);
    const config = buildDownstreamTls([toModel(serverCertificate)], { validation: all });
    return (await tryClient(config, identity)).outcome;
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
  assert.match((await tryClient(pinned)).outcome, /PEER_DID_NOT_RETURN_A_CERTIFICATE/);
});

test('servers are judged by the same rules, and by none without a validation context', async () => {
  const names = (value: string) => [
    { type: 'dns', oid: '', matcher: { kind: 'exact', value, ignoreCase: false } } as const,
  ];
  const trusting = (fields: Partial<TlsValidation> = {}) =>
    buildUpstreamTls({ validation: { ...trustAuthority, ...fields } });
  assert.equal(await tryServer(buildUpstreamTls()), 'connected');
  assert.equal(await tryServer(trusting()), 'connected');
  assert.equal(await tryServer(trusting({ trustedCaPem: stranger.pem })), `close ${verifyFailed}`);
  assert.equal(await tryServer(trusting({ subjectAltNames: names('a.test') })), 'connected');
  // An exact name fits a wildcard certificate, for one label.
  assert.equal(await tryServer(trusting({ subjectAltNames: names('x.B.test') })), 'connected');
  assert.equal(await tryServer(trusting({ subjectAltNames: names('x.y.b.test') })), `close ${verifyFailed}`);
  assert.equal(await tryServer(trusting({ subjectAltNames: names('b.test') })), `close ${verifyFailed}`);
});

test('the certificate goes by server name, then by what the client can', async () => {
  const rsa = createCertificate({ commonName: 'rsa', keyType: 'rsa', dnsNames: ['a.test'] });
  const ec = createCertificate({ commonName: 'ec', dnsNames: ['a.test'] });
  const wild = createCertificate({ commonName: 'wild', dnsNames: ['*.b.test'] });
  const certificates = [
    toModel(rsa, ['a.test'], 'rsa'),
    toModel(ec, ['a.test']),
    toModel(wild, ['*.b.test']),
  ];
  const shown = async (
    config: Partial<DownstreamTls>,
    servername: string | undefined,
    ciphers?: string,
  ): Promise<string> => {
    const listener = await listenTls(context, buildDownstreamTls(certificates, config), (connection) => {
      new Events(connection);
    });
    const socket = connect({
      port: listener.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...(servername === undefined ? {} : { servername }),
      ...(ciphers === undefined ? {} : { ciphers, maxVersion: 'TLSv1.2' }),
    });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    await listener.close();
    return String(CN);
  };
  const onlyRsa = 'ECDHE-RSA-AES128-GCM-SHA256';
  assert.equal(await shown({}, 'a.test'), 'ec');
  assert.equal(await shown({}, 'A.TEST'), 'ec');
  assert.equal(await shown({}, 'a.test', onlyRsa), 'rsa');
  assert.equal(await shown({}, 'x.b.test'), 'wild');
  assert.equal(await shown({}, undefined), 'ec');
  // A name that nobody has: the first one, or any that fits.
  assert.equal(await shown({}, 'c.test'), 'rsa');
  assert.equal(await shown({}, 'x.y.b.test'), 'rsa');
  assert.equal(await shown({ fullScanCertsOnSniMismatch: true }, 'c.test'), 'ec');
});

test('versions and cipher suites that are not shared end the handshake', async () => {
  const certificate = [toModel(serverCertificate)];
  const only = (fields: Partial<typeof defaultParameters>) =>
    buildDownstreamTls(certificate, { parameters: { ...defaultParameters, ...fields } });
  const old = await tryClient(only({ minVersion: 'TLSv1.3' }), { maxVersion: 'TLSv1.2' });
  assert.match(old.outcome, /^connect-failure TLS_error:\|UNSUPPORTED_PROTOCOL:TLS_error_end$/);
  const suite = await tryClient(only({ cipherSuites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] }), {
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  assert.match(suite.outcome, /NO_SHARED_CIPHER/);
  const tls11 = await tryClient(only({ minVersion: 'TLSv1.1', cipherSuites: ['ECDHE-ECDSA-AES128-SHA'] }), {
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  assert.equal(tls11.outcome, 'secure');
});

test('sessions are resumed, ours by others and others by us, with certificates too', async () => {
  const config = buildDownstreamTls([toModel(serverCertificate)], {
    validation: trustAuthority,
    requireClientCertificate: true,
  });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const listener = await listenTls(context, config, (connection) => {
      new Events(connection);
      connection.write('x');
    });
    const reused: boolean[] = [];
    let session: Buffer | undefined;
    for (let round = 0; round < 2; round++) {
      const socket = connect({
        port: listener.port,
        host: '127.0.0.1',
        maxVersion,
        rejectUnauthorized: false,
        cert: clientCertificate.pem,
        key: clientCertificate.privateKeyPem,
        ...(session === undefined ? {} : { session }),
      });
      socket.on('session', (ticket: Buffer) => (session = ticket));
      await once(socket, 'data');
      reused.push(socket.isSessionReused());
      // The ticket is told of after the data that came with it.
      await until(() => session !== undefined);
      socket.destroy();
    }
    await listener.close();
    assert.deepEqual(reused, [false, true], maxVersion);
  }
});

test('who was refused is refused again when he resumes the session', async () => {
  const foreign = createCertificate({ issuer: stranger });
  const config = buildDownstreamTls([toModel(serverCertificate)], { validation: trustAuthority });
  const tickets: Buffer[] = [];
  const outcomes: string[] = [];
  const listener = await listenTls(
    context,
    config,
    () => outcomes.push('secure'),
    (reason, detail) => outcomes.push(`${reason} ${detail}`),
  );
  for (let round = 0; round < 2; round++) {
    const session = tickets[0];
    const socket = connect({
      port: listener.port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      cert: foreign.pem,
      key: foreign.privateKeyPem,
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (ticket: Buffer) => tickets.push(ticket));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await listener.close();
  assert.deepEqual(outcomes, [verifyFailed, verifyFailed]);
});

test('a cluster resumes the last session that it was given, if it may', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const maxSessionKeys of [1, 0]) {
      const reused: boolean[] = [];
      const server = createServer(
        { cert: serverCertificate.pem, key: serverCertificate.privateKeyPem, ca: authority.pem },
        (socket) => {
          reused.push(socket.isSessionReused());
          socket.on('error', () => undefined);
          socket.write('x');
        },
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const upstream = createUpstreamContext(
        buildUpstreamTls({
          parameters: { ...defaultParameters, maxVersion },
          validation: trustAuthority,
          maxSessionKeys,
        }),
      );
      for (let round = 0; round < 2; round++) {
        const events = new Events(
          connectTls(
            context,
            { remoteAddress: { address: '127.0.0.1', port }, connectTimeoutMs: 5_000 },
            upstream,
          ),
        );
        await events.until(() => events.text === 'x');
        assert.deepEqual(events.log, ['connected']);
        if (maxSessionKeys > 0) await until(() => upstream.sessions.size > 0);
        events.connection.close('abort');
        await events.untilLogged('close');
      }
      await new Promise((resolve) => server.close(resolve));
      assert.deepEqual(reused, [false, maxSessionKeys > 0], maxVersion);
    }
  }
});

test('a client that goes within the handshake, and one that speaks no TLS, are gone', async () => {
  const outcomes: string[] = [];
  const listener = await listenTls(
    context,
    buildDownstreamTls([toModel(serverCertificate)]),
    () => undefined,
    (reason, detail) => outcomes.push(`${reason} ${detail}`),
  );
  const plain = connectPlain(listener.port, '127.0.0.1');
  plain.on('error', () => undefined);
  plain.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => plain.once('close', resolve));
  assert.deepEqual(outcomes, ['connect-failure TLS_error:|HTTP_REQUEST:TLS_error_end']);
  const half = connect({ port: listener.port, host: '127.0.0.1', ciphers: 'TLS_AES_128_GCM_SHA256' });
  half.on('error', () => undefined);
  half.once('connect', () => setImmediate(() => half.destroy()));
  await new Promise((resolve) => half.once('close', resolve));
  await listener.close();
});

test('a server that says nothing meets the connect time-out; one that is not there its own word', async () => {
  const clock = createFakeClock();
  const fake = createTransportContext(new TimerWheel(clock));
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  silent.removeAllListeners('connection');
  const accepted = once(silent, 'connection');
  const remoteAddress = { address: '127.0.0.1', port };
  const late = new Events(
    connectTls(fake, { remoteAddress, connectTimeoutMs: 250 }, createUpstreamContext(buildUpstreamTls())),
  );
  const [socket] = (await accepted) as [{ destroy(): void }];
  clock.advance(300);
  await late.untilLogged('close');
  assert.deepEqual(late.log, ['close connect-timeout Connection timed out']);
  socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  const refused = new Events(
    connectTls(fake, { remoteAddress, connectTimeoutMs: 250 }, createUpstreamContext(buildUpstreamTls())),
  );
  await refused.untilLogged('close');
  assert.deepEqual(refused.log, ['close connect-failure Connection refused']);
  clock.advance(1_000);
  assert.equal(clock.pendingTimerCount, 0);
});

test('a server is named by SNI, and not where there is none', async () => {
  for (const sni of ['a.test', '']) {
    const named: (string | false | undefined)[] = [];
    const server = createServer(
      { cert: serverCertificate.pem, key: serverCertificate.privateKeyPem },
      (socket) => named.push((socket as TLSSocket & { servername?: string | false }).servername),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const events = new Events(
      connectTls(
        context,
        { remoteAddress: { address: '127.0.0.1', port }, connectTimeoutMs: 5_000 },
        createUpstreamContext(buildUpstreamTls({ sni })),
      ),
    );
    await events.untilLogged('connected');
    await events.until(() => named.length > 0 || events.log.length > 1).catch(() => undefined);
    events.connection.close('abort');
    await events.untilLogged('close');
    server.close();
    assert.deepEqual(named, [sni === '' ? false : sni]);
  }
});

test('bytes written during the handshake are sent', async () => {
  const listener = await listenTls(
    context,
    buildDownstreamTls([toModel(serverCertificate)]),
    (connection) => {
      const server = new Events(connection);
      void server.until(() => server.text === 'early').then(() => connection.write('answer'));
    },
  );
  const client = new Events(
    connectTls(
      context,
      { remoteAddress: { address: '127.0.0.1', port: listener.port }, connectTimeoutMs: 5_000 },
      createUpstreamContext(buildUpstreamTls()),
    ),
  );
  client.connection.write('early');
  assert.equal(client.connection.state, 'connecting');
  await client.until(() => client.text === 'answer');
  client.connection.close('abort');
  await client.untilLogged('close');
  await listener.close();
});
