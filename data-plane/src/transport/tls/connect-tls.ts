import type { X509Certificate } from 'node:crypto';
import { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { readExtensions, readKeyUsage } from '@heddle/shared/tls/certificate-extensions';
import { startConnecting, toLocalAddress, unboundAddress, type ConnectOptions } from '../connect-socket.ts';
import { attachReader } from '../reader-attachment.ts';
import { SocketConnection } from '../socket-connection.ts';
import type { TransportContext } from '../transport-context.ts';
import type { PeerRefusal } from './peer-verifier.ts';
import { formatTlsError, toTlsErrorText } from './tls-error-text.ts';
import { readTlsFacts } from './read-tls-facts.ts';
import { groupOf } from './tls-stats.ts';
import type { UpstreamTlsContext, WantedServer } from './upstream-tls-context.ts';

/**
 * As `connectSocket`, with a handshake: `onConnected` comes when the server is known and fine. `alpnProtocols` are offered
 * where the configuration names none.
 */
export function connectTls(
  context: TransportContext,
  options: ConnectOptions,
  tls: UpstreamTlsContext,
  wanted: WantedServer = tls.wantedServer(''),
  alpnProtocols: readonly string[] = [],
): SocketConnection {
  const { config, stats } = tls;
  const { serverName, sessionKey } = wanted;
  const kept = tls.sessions.take(sessionKey);
  const offered = config.alpnProtocols.length > 0 ? config.alpnProtocols : alpnProtocols;
  const plainSocket = new Socket({ allowHalfOpen: true });
  startConnecting(plainSocket, options);
  const socket = connect({
    socket: plainSocket,
    secureContext: tls.context.secureContext,
    // The verifier's business; Node's own would ask for the name that the connection goes to.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serverName === '' ? {} : { servername: serverName }),
    ...(offered.length === 0 ? {} : { ALPNProtocols: [...offered] }),
    ...(kept === undefined ? {} : { session: kept.session }),
  });
  const connection = new SocketConnection(
    socket,
    context,
    options.remoteAddress,
    unboundAddress(options),
    { ...options, tls: { plainSocket, toErrorText: toTlsErrorText } },
    attachReader(context, socket),
  );
  let peer = kept?.peer;
  connection.startConnectTimeout(options.connectTimeoutMs);
  socket.once('error', (error: NodeJS.ErrnoException) => stats.onError(error));
  socket.once('secureConnect', () => {
    const isResumed = socket.isSessionReused();
    // Once: on the side of the client Node takes it out of what OpenSSL keeps.
    if (!isResumed) peer = socket.getPeerX509Certificate();
    const refusal = isResumed ? undefined : verifyServer(socket, tls, wanted, peer);
    if (refusal !== undefined) {
      stats.onRefusal(refusal);
      if (refusal === 'usage' || !tls.isUntrustedAccepted) {
        socket.destroy(new Error(formatTlsError('CERTIFICATE_VERIFY_FAILED')));
        return;
      }
    }
    const facts = readTlsFacts(socket, {
      serverName,
      localCertificate: tls.context.certificateOf(socket),
      peerCertificate: peer,
      peerIssuer: undefined,
      group: groupOf(socket),
    });
    stats.onHandshake(facts, isResumed);
    connection.markConnected(toLocalAddress(plainSocket), socket.alpnProtocol || '', facts);
  });
  if (config.maxSessionKeys > 0) {
    socket.on('session', (session: Buffer) => {
      // Before it is told of, `secureConnect` was.
      if (connection.state !== 'open') return;
      tls.sessions.put(sessionKey, { session, peer });
    });
  }
  return connection;
}

/** Of a full handshake. `certificate`: as Node gives it out, once. */
export function verifyServer(
  socket: TLSSocket,
  tls: UpstreamTlsContext,
  wanted: WantedServer,
  certificate: X509Certificate | undefined,
): PeerRefusal | undefined {
  if (tls.config.enforceRsaKeyUsage && certificate !== undefined && !maySign(certificate)) return 'usage';
  // Every server of the suites that are spoken here has one.
  if (certificate === undefined) return 'untrusted';
  const chainError = socket.authorized ? undefined : String(socket.authorizationError);
  return tls.refuse({ certificate, chainError, sentCertificates: () => issuersOf(certificate) }, wanted);
}

/** As the server sent them, after its own. */
function issuersOf(certificate: X509Certificate): readonly X509Certificate[] {
  const issuers: X509Certificate[] = [];
  for (let at = certificate.issuerCertificate; at !== undefined; at = at.issuerCertificate) issuers.push(at);
  return issuers;
}

/** Of RSA, since that could also encrypt: what is for one must not do the other. */
function maySign(certificate: X509Certificate): boolean {
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') return true;
  return readKeyUsage(readExtensions(certificate.raw))?.digitalSignature ?? true;
}
