import type { X509Certificate } from 'node:crypto';
import { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { toSecureContextOptions } from '../../config/model/secure-context-options.ts';
import type { UpstreamTls } from '../../config/model/tls.ts';
import { startConnecting, toLocalAddress, unboundAddress, type ConnectOptions } from '../connect-socket.ts';
import { SocketConnection } from '../socket-connection.ts';
import type { TransportContext } from '../transport-context.ts';
import { PeerVerifier, type PeerRefusal } from './peer-verifier.ts';
import { formatTlsError, toTlsErrorText } from './tls-error-text.ts';
import { readTlsFacts } from './read-tls-facts.ts';
import { groupOf, type TlsStats } from './tls-stats.ts';

/** The client's side of one cluster, made once in each thread that connects to it. */
export class UpstreamTlsContext {
  readonly config: UpstreamTls;
  readonly secureContext: SecureContext;
  /** Undefined: any certificate is taken, as in Envoy. */
  readonly verifier: PeerVerifier | undefined;
  readonly stats: TlsStats;
  /** The last one that a host of the cluster gave: all share one configuration, so any of them may resume it. */
  session: Buffer | undefined;
  /** Whose session it is: a resumed one shows no certificate. */
  sessionPeer: X509Certificate | undefined;

  /** @throws Error if OpenSSL does not take what is configured */
  constructor(config: UpstreamTls, stats: TlsStats) {
    const { parameters, certificates, validation } = config;
    this.config = config;
    this.verifier = validation === undefined ? undefined : new PeerVerifier(validation);
    this.stats = stats;
    this.secureContext = createSecureContext(
      toSecureContextOptions({ parameters, certificates, validation, preferClientCiphers: false }),
    );
  }
}

/**
 * As `connectSocket`, with a handshake: `onConnected` comes when the server is known and fine. `alpnProtocols` are offered
 * where the configuration names none.
 */
export function connectTls(
  context: TransportContext,
  options: ConnectOptions,
  tls: UpstreamTlsContext,
  alpnProtocols: readonly string[] = [],
): SocketConnection {
  const { config, stats } = tls;
  const offered = config.alpnProtocols.length > 0 ? config.alpnProtocols : alpnProtocols;
  const plainSocket = new Socket({ allowHalfOpen: true });
  startConnecting(plainSocket, options);
  const socket = connect({
    socket: plainSocket,
    secureContext: tls.secureContext,
    // The verifier's business; Node's own would ask for the name that the connection goes to.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(config.sni === '' ? {} : { servername: config.sni }),
    ...(offered.length === 0 ? {} : { ALPNProtocols: [...offered] }),
    ...(tls.session === undefined ? {} : { session: tls.session }),
  });
  const connection = new SocketConnection(socket, context, options.remoteAddress, unboundAddress(options), {
    ...options,
    tls: { plainSocket, toErrorText: toTlsErrorText },
  });
  let peer = tls.sessionPeer;
  connection.startConnectTimeout(options.connectTimeoutMs);
  socket.once('error', (error: NodeJS.ErrnoException) => stats.onError(error));
  socket.once('secureConnect', () => {
    const isResumed = socket.isSessionReused();
    // Once: on the side of the client Node takes it out of what OpenSSL keeps.
    if (!isResumed) peer = socket.getPeerX509Certificate();
    const refusal = isResumed ? undefined : verifyServer(socket, tls, peer);
    if (refusal !== undefined) {
      stats.onRefusal(refusal);
      socket.destroy(new Error(formatTlsError('CERTIFICATE_VERIFY_FAILED')));
      return;
    }
    stats.onHandshake(socket);
    const facts = readTlsFacts(socket, {
      serverName: config.sni,
      peerCertificate: peer,
      peerIssuer: undefined,
      group: groupOf(socket),
    });
    connection.markConnected(toLocalAddress(plainSocket), socket.alpnProtocol || '', facts);
  });
  if (config.maxSessionKeys > 0) {
    socket.on('session', (session: Buffer) => {
      // Before it is told of, `secureConnect` was.
      if (connection.state !== 'open') return;
      tls.session = session;
      tls.sessionPeer = peer;
    });
  }
  return connection;
}

function verifyServer(
  socket: TLSSocket,
  { verifier }: UpstreamTlsContext,
  certificate: X509Certificate | undefined,
): PeerRefusal | undefined {
  // A session is kept when its server was fine, for the same context only; Node shows no certificate of a resumed one.
  if (verifier === undefined) return undefined;
  if (certificate === undefined) return 'untrusted';
  const chainError = socket.authorized ? undefined : String(socket.authorizationError);
  return verifier.refuse({ certificate, chainError });
}
