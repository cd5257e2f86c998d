import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import { connectTls } from './connect-tls.ts';
import { verifyFailed } from './testing/handshake-outcomes.ts';
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
const serverCertificate = createCertificate({ issuer: authority, dnsNames: ['a.test'] });
const clientCertificate = createCertificate({ issuer: authority });
const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true });
const trustAuthority = buildValidation({ trustedCaPem: authority.pem });

/** Turns the event loop until the condition holds; the test's own time limit is the end. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

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
