import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import type { TlsCertificate } from '../../config/model/tls.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import { buildDownstreamTls, toModel } from './testing/tls-fixtures.ts';
import { listenTls } from './testing/tls-pair.ts';

/** What the server knows of its own certificate, for a client with each of the suites. */
async function localCertificates(
  certificates: readonly TlsCertificate[],
  suites: readonly string[],
): Promise<readonly (X509Certificate | undefined)[]> {
  const accepted: Events[] = [];
  const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true });
  const listener = await listenTls(context, buildDownstreamTls(certificates), (connection) => {
    accepted.push(new Events(connection));
  });
  for (const [index, ciphers] of suites.entries()) {
    const socket = connect({
      ...{ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false },
      ...{ ciphers, maxVersion: 'TLSv1.2' },
    });
    await once(socket, 'secureConnect');
    while (accepted.length <= index) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
  }
  await listener.close();
  return accepted.map(({ connection }) => {
    connection.close('abort');
    return connection.tls?.localCertificate;
  });
}

const withRsa = 'ECDHE-RSA-AES128-GCM-SHA256';
const withEc = 'ECDHE-ECDSA-AES128-GCM-SHA256';

test('of two certificates each connection knows the one that its client was shown', async () => {
  const rsa = createCertificate({ commonName: 'rsa', keyType: 'rsa' });
  const ec = createCertificate({ commonName: 'ec' });
  const both = [toModel(rsa, ['heddle.test'], 'rsa'), toModel(ec, ['heddle.test'])];
  const known = await localCertificates(both, [withRsa, withEc, withRsa]);
  assert.deepEqual(
    known.map((certificate) => certificate?.subject),
    ['CN=rsa', 'CN=ec', 'CN=rsa'],
  );
});

test('the only certificate is parsed once for all connections', async () => {
  const [first, second] = await localCertificates([toModel(createCertificate())], [withEc, withEc]);
  assert.equal(first?.subject, 'CN=heddle.test');
  assert.equal(first, second);
});
