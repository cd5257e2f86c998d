import { X509Certificate } from 'node:crypto';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { readExtensions, readKeyUsage } from '@heddle/shared/tls/certificate-extensions';
import { attachReader } from '../reader-attachment.ts';
import { SocketConnection } from '../socket-connection.ts';
import type { TransportContext } from '../transport-context.ts';
import type { ClientHello } from './client-hello.ts';
import type { DownstreamTlsContext } from './downstream-tls-context.ts';
import type { PeerRefusal } from './peer-verifier.ts';
import { formatTlsError, toTlsErrorText } from './tls-error-text.ts';
import { readTlsFacts } from './read-tls-facts.ts';
import type { TlsStats } from './tls-stats.ts';

/** What of Node's server socket has no public name. `secure` comes when the handshake is done. */
interface ServerSideHandle {
  /** OpenSSL's word on the peer's chain. */
  verifyError?(): NodeJS.ErrnoException | null | undefined;
}

/** `DetailedPeerCertificate`, whose type says that everybody's issuer is known. */
interface LinkedCertificate {
  readonly raw: Buffer;
  readonly issuerCertificate?: LinkedCertificate;
}

/**
 * Takes the socket of an accepted connection over and begins the handshake, with what the client has sent already
 * (`received`, its ClientHello in front). The result is `connecting`: `onConnected` when the client is known and fine,
 * otherwise `onClose` with `connect-failure`. Its caller sets the handlers in the same tick.
 *
 * Node has no public way to do this but a `tls.Server`, whose ALPN ends the handshake of a client that speaks none of
 * the server's protocols (Envoy goes on without), and which picks certificates in a later turn of the event loop.
 */
export function acceptTls(
  context: TransportContext,
  plain: SocketConnection,
  received: Buffer,
  hello: ClientHello | undefined,
  tls: DownstreamTlsContext,
  stats: TlsStats,
): SocketConnection {
  const { remoteAddress, localAddress, origin } = plain;
  const plainSocket = plain.detach();
  plainSocket.unshift(received);
  const alpnProtocol = tls.alpnProtocolFor(hello);
  const certified = tls.contextFor(hello);
  const socket = new TLSSocket(plainSocket, {
    isServer: true,
    secureContext: certified.secureContext,
    requestCert: tls.verifier !== undefined,
    // Of Node's two meanings the one that counts here: a client without a certificate is refused by OpenSSL.
    rejectUnauthorized: tls.isCertificateRequired,
    ...(alpnProtocol === undefined ? {} : { ALPNProtocols: [alpnProtocol] }),
  });
  const connection = new SocketConnection(
    socket,
    context,
    remoteAddress,
    localAddress,
    { tls: { plainSocket, toErrorText: toTlsErrorText } },
    attachReader(context, socket),
  );
  connection.origin = origin;
  // Node tells of errors in two ways, before and after the handshake; it destroys the socket in the first case only.
  socket.on('_tlsError', (error: NodeJS.ErrnoException) => socket.destroy(error));
  socket.once('error', (error: NodeJS.ErrnoException) => stats.onError(error));
  socket.once('end', () => {
    if (connection.state === 'connecting') socket.destroy();
  });
  socket.once('secure', () => {
    const peerCertificate = tls.verifier === undefined ? undefined : socket.getPeerX509Certificate();
    const refusal = verifyClient(socket, tls, peerCertificate);
    if (refusal !== undefined) {
      stats.onRefusal(refusal);
      if (refusal === 'usage' || tls.verifier?.isUntrustedAccepted !== true) {
        socket.destroy(new Error(formatTlsError('CERTIFICATE_VERIFY_FAILED')));
        return;
      }
    }
    const facts = readTlsFacts(socket, {
      serverName: hello?.serverName ?? '',
      localCertificate: certified.certificateOf(socket),
      peerCertificate,
      peerIssuer: peerCertificate === undefined ? undefined : issuerOf(peerCertificate, socket, tls),
      group: '',
    });
    stats.onHandshake(facts, socket.isSessionReused());
    connection.markConnected(localAddress, socket.alpnProtocol || '', facts);
  });
  return connection;
}

/** An authority that is trusted, or a certificate that the client sent with its own. */
function issuerOf(
  certificate: X509Certificate,
  socket: TLSSocket,
  { authorities }: DownstreamTlsContext,
): X509Certificate | undefined {
  if (authorities.length === 0) return undefined;
  const authority = authorities.find((candidate) => certificate.checkIssued(candidate));
  if (authority !== undefined) return authority;
  const issuer = socket.getPeerCertificate(true).issuerCertificate as DetailedPeerCertificate | undefined;
  return issuer === undefined ? undefined : new X509Certificate(issuer.raw);
}

/** A resumed session is judged anew: it carries the certificate, and OpenSSL's word on it, whatever came of them then. */
function verifyClient(
  socket: TLSSocket,
  { verifier, isCertificateRequired }: DownstreamTlsContext,
  certificate: X509Certificate | undefined,
): PeerRefusal | undefined {
  if (verifier === undefined) return undefined;
  if (certificate === undefined) return isCertificateRequired ? 'untrusted' : undefined;
  // As BoringSSL does before it looks at anything else.
  if (readKeyUsage(readExtensions(certificate.raw))?.digitalSignature === false) return 'usage';
  const handle = (socket as TLSSocket & { readonly ssl?: ServerSideHandle | null }).ssl;
  // Where Node has changed, nobody is trusted.
  const error: NodeJS.ErrnoException | null | undefined =
    typeof handle?.verifyError === 'function' ? handle.verifyError() : new Error('verifyError is gone');
  return verifier.refuse({
    certificate,
    chainError: error?.code ?? error?.message,
    sentCertificates: () => issuersOf(socket),
  });
}

/** Some versions of Node show a server nothing but the client's own certificate. Others link those of the client by who has issued whom; a certificate that is its own issuer is the last. */
function issuersOf(socket: TLSSocket): readonly X509Certificate[] {
  const issuers: X509Certificate[] = [];
  let last: LinkedCertificate = socket.getPeerCertificate(true);
  for (let at = last.issuerCertificate; at !== undefined && at !== last; at = at.issuerCertificate) {
    issuers.push(new X509Certificate(at.raw));
    last = at;
  }
  return issuers;
}
