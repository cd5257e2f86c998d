import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import type { DownstreamTls } from '../../config/model/tls.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import { buildDownstreamTls, buildValidation, toModel } from './testing/tls-fixtures.ts';
import { listenTls } from './testing/tls-pair.ts';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const stranger = createCertificate({ commonName: 'other ca', isAuthority: true });
const server = toModel(createCertificate({ issuer: authority, dnsNames: ['a.test'] }), ['a.test']);
const client = createCertificate({ issuer: authority });
const context = createTransportContext(new TimerWheel(systemClock));
const keys = (byte: number): string => Buffer.alloc(80, byte).toString('base64');

interface Side {
  readonly config: DownstreamTls;
  readonly secret: Buffer;
}

/** A session that the first side gave is offered to the second: whether it was resumed, or `refused`. */
async function offer(
  first: Side,
  second: Side,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
): Promise<boolean | 'refused'> {
  let session: Buffer | undefined;
  let outcome: boolean | 'refused' = 'refused';
  for (const { config, secret } of [first, second]) {
    const listener = await listenTls(
      context,
      config,
      (connection) => {
        new Events(connection);
        connection.write('x');
      },
      () => undefined,
      secret,
    );
    const socket = connect({
      port: listener.port,
      host: '127.0.0.1',
      maxVersion,
      rejectUnauthorized: false,
      cert: client.pem,
      key: client.privateKeyPem,
      ...(session === undefined ? {} : { session }),
    });
    socket.on('error', () => undefined);
    socket.on('session', (ticket: Buffer) => (session = ticket));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const served = new Promise((resolve) => socket.once('data', resolve));
    outcome = 'refused';
    await Promise.race([served.then(() => (outcome = socket.isSessionReused())), closed]);
    // Tickets of TLS 1.3 are told of after the data that came with them.
    await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    await closed;
    await listener.close();
  }
  return outcome;
}

const trusting = (pem: string, fields: Partial<DownstreamTls> = {}): DownstreamTls =>
  buildDownstreamTls([server], { validation: buildValidation({ trustedCaPem: pem }), ...fields });

test('whoever has the secret resumes, in another worker or, with configured keys, in another process', async () => {
  const secret = randomBytes(32);
  const other = randomBytes(32);
  const config = trusting(authority.pem);
  const keyed = (...bytes: number[]): DownstreamTls =>
    trusting(authority.pem, { sessionTicketKeysBase64: bytes.map(keys) });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.equal(await offer({ config, secret }, { config, secret }, version), true, version);
    assert.equal(await offer({ config, secret }, { config, secret: other }, version), false, version);
    const first = { config: keyed(1, 2), secret };
    assert.equal(await offer(first, { config: keyed(1), secret: other }, version), true, version);
    // Only the first key counts.
    assert.equal(await offer(first, { config: keyed(2, 1), secret }, version), false, version);
    const disabled = { config: trusting(authority.pem, { isStatelessResumptionDisabled: true }), secret };
    assert.equal(await offer(disabled, disabled, version), false, version);
  }
});

test('a session says nothing where other authorities are trusted', async () => {
  const secret = randomBytes(32);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const here = { config: trusting(authority.pem), secret };
    const there = { config: trusting(stranger.pem), secret };
    assert.equal(await offer(here, there, version), 'refused', version);
  }
});
