import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { verifyServer } from './connect-tls.ts';
import { readTlsFacts } from './read-tls-facts.ts';
import { formatTlsError, toTlsErrorText } from './tls-error-text.ts';
import { groupOf } from './tls-stats.ts';
import type { UpstreamTlsContext } from './upstream-tls-context.ts';

/**
 * A handshake with a server over a connection that is there, for those who speak over sockets of Node's: the same
 * verification and statistics as for a cluster's connections. Sessions are not resumed.
 *
 * @throws Error when the server is not whom the context asks for, or goes away; the socket is destroyed
 */
export function secureSocket(
  plain: Socket,
  tls: UpstreamTlsContext,
  alpnProtocols: readonly string[],
): Promise<TLSSocket> {
  const wanted = tls.wantedServer('');
  const { serverName } = wanted;
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({
    socket: plain,
    secureContext: tls.context.secureContext,
    // The verifier's business, as below.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ALPNProtocols: [...alpnProtocols],
    ...(serverName === '' ? {} : { servername: serverName }),
  });
  const fail = (error: NodeJS.ErrnoException): void => {
    tls.stats.onError(error);
    reject(new Error(toTlsErrorText(error)));
  };
  const onClose = (): void => reject(new Error('closed within the handshake'));
  socket.once('error', fail);
  socket.once('close', onClose);
  socket.once('secureConnect', () => {
    socket.off('error', fail);
    socket.off('close', onClose);
    const peerCertificate = socket.getPeerX509Certificate();
    const refusal = verifyServer(socket, tls, wanted, peerCertificate);
    if (refusal !== undefined) tls.stats.onRefusal(refusal);
    if (refusal !== undefined && (refusal === 'usage' || !tls.isUntrustedAccepted)) {
      socket.destroy();
      reject(new Error(formatTlsError('CERTIFICATE_VERIFY_FAILED')));
      return;
    }
    const facts = readTlsFacts(socket, {
      serverName,
      localCertificate: tls.context.certificateOf(socket),
      peerCertificate,
      peerIssuer: undefined,
      group: groupOf(socket),
    });
    tls.stats.onHandshake(facts, false);
    resolve(socket);
  });
  return promise;
}
