import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock } from '@heddle/shared/time/clock';
import type { DownstreamTls } from '../../config/model/tls.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import { connectTls } from './connect-tls.ts';
import { tryClient } from './testing/handshake-outcomes.ts';
import { buildDownstreamTls, buildUpstreamTls, defaultParameters, toModel } from './testing/tls-fixtures.ts';
import { createUpstreamContext, listenTls } from './testing/tls-pair.ts';

const serverCertificate = createCertificate({ dnsNames: ['a.test', '*.b.test'] });
const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true });

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
  const old = await tryClient(context, only({ minVersion: 'TLSv1.3' }), { maxVersion: 'TLSv1.2' });
  assert.match(old.outcome, /^connect-failure TLS_error:\|UNSUPPORTED_PROTOCOL:TLS_error_end$/);
  const suite = await tryClient(context, only({ cipherSuites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] }), {
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  assert.match(suite.outcome, /NO_SHARED_CIPHER/);
  const tls11 = await tryClient(
    context,
    only({ minVersion: 'TLSv1.1', cipherSuites: ['ECDHE-ECDSA-AES128-SHA'] }),
    {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    },
  );
  assert.equal(tls11.outcome, 'secure');
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
