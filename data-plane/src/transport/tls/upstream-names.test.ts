import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type TlsOptions } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { Events } from '../testing/connection-events.ts';
import { createTransportContext } from '../transport-context.ts';
import type { TransportSocketOptions } from '../transport-socket-options.ts';
import { connectTls } from './connect-tls.ts';
import { buildUpstreamTls, buildValidation, defaultParameters } from './testing/tls-fixtures.ts';
import { createUpstreamContext } from './testing/tls-pair.ts';
import type { UpstreamTlsContext } from './upstream-tls-context.ts';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const certificate = createCertificate({ issuer: authority, dnsNames: ['a.test', 'b.test'] });
const context = createTransportContext(new TimerWheel(systemClock));
const validation = buildValidation({ trustedCaPem: authority.pem });

interface Server {
  readonly port: number;
  readonly reused: boolean[];
  close(): Promise<void>;
}

async function startServer(options: TlsOptions): Promise<Server> {
  const reused: boolean[] = [];
  const server = createServer(options, (socket) => {
    reused.push(socket.isSessionReused());
    socket.on('error', () => undefined);
    socket.write('x');
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, reused, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** What came of one connection; a session that its server gave is kept by then. */
async function visit(
  tls: UpstreamTlsContext,
  port: number,
  options?: TransportSocketOptions,
): Promise<string | undefined> {
  const events = new Events(
    connectTls(
      context,
      { remoteAddress: { address: '127.0.0.1', port }, connectTimeoutMs: 5_000 },
      tls,
      tls.wantedServer('', options),
    ),
  );
  await events.until(() => events.text === 'x' || events.log.some((line) => line.startsWith('close')));
  // Tickets of TLS 1.3 come before the first bytes, and are told of after them.
  await new Promise((resolve) => setImmediate(resolve));
  events.connection.close('abort');
  await events.untilLogged('close');
  return events.log[0];
}

const named = (name: string): TransportSocketOptions => ({ serverName: name, subjectAltName: name });

test('a session belongs to the name that it was judged for', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = await startServer({ cert: certificate.pem, key: certificate.privateKeyPem });
    const tls = createUpstreamContext(
      buildUpstreamTls({ parameters: { ...defaultParameters, maxVersion }, validation, maxSessionKeys: 4 }),
    );
    assert.equal(await visit(tls, server.port, named('a.test')), 'connected');
    // Whoever resumes is not judged again: this name must be.
    assert.match((await visit(tls, server.port, named('c.test'))) ?? '', /CERTIFICATE_VERIFY_FAILED/);
    assert.equal(await visit(tls, server.port, named('a.test')), 'connected');
    assert.equal(await visit(tls, server.port, { ...named('a.test'), subjectAltName: '' }), 'connected');
    await server.close();
    // The server may have seen nothing of the one that was refused.
    assert.deepEqual(server.reused.slice(-2), [true, false], maxVersion);
  }
});

test('more than one session is kept where that is asked for', async () => {
  const server = await startServer({ cert: certificate.pem, key: certificate.privateKeyPem });
  const tls = createUpstreamContext(buildUpstreamTls({ validation, maxSessionKeys: 2 }));
  for (const name of ['a.test', 'b.test', 'a.test', 'b.test']) {
    assert.equal(await visit(tls, server.port, named(name)), 'connected');
  }
  await server.close();
  assert.deepEqual(server.reused, [false, false, true, true]);
});

test('an RSA key that may not sign is refused, unless nobody cares', async () => {
  const mute = createCertificate({ issuer: authority, keyType: 'rsa', dnsNames: ['a.test'], keyUsage: 0x20 });
  const signing = createCertificate({
    issuer: authority,
    keyType: 'rsa',
    dnsNames: ['a.test'],
    keyUsage: 0x80,
  });
  for (const [shown, enforceRsaKeyUsage, outcome] of [
    [mute, true, /CERTIFICATE_VERIFY_FAILED/],
    [mute, false, /^connected$/],
    [signing, true, /^connected$/],
  ] as const) {
    const server = await startServer({ cert: shown.pem, key: shown.privateKeyPem });
    const tls = createUpstreamContext(
      buildUpstreamTls({ validation, enforceRsaKeyUsage, maxSessionKeys: 0 }),
    );
    assert.match((await visit(tls, server.port)) ?? '', outcome);
    await server.close();
  }
});
