import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { ConnectionHandlers } from '../../transport/connection.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import { acceptTls } from '../../transport/tls/accept-tls.ts';
import type { DownstreamTlsContext } from '../../transport/tls/downstream-tls-context.ts';
import type { TransportContext } from '../../transport/transport-context.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network/network-filter.ts';
import { ClientHelloReader, type FirstBytes } from './client-hello-reader.ts';
import type { AcceptedConnection } from './filters/listener-filter.ts';
import type { ListenerStats } from './listener-stats.ts';

/** How a filter chain makes plain connections secure. */
export interface ChainTls {
  /** Undefined: its secrets have not come. */
  context(): DownstreamTlsContext | undefined;
  readonly transport: TransportContext;
  readonly clock: Clock;
  /** From the acceptance to the end of the handshake; 0 = no limit. */
  readonly handshakeTimeoutMs: number;
}

/** A ClientHello beyond it is OpenSSL's to refuse. */
const maxHelloBytes = 64 * 1024;

/**
 * A connection on a filter chain with TLS: its ClientHello is read, unless the listener has done that, and its handshake
 * made; then the network filter gets it.
 */
export class TlsSession implements DownstreamSession, ConnectionHandlers {
  readonly #tls: ChainTls;
  readonly #factory: NetworkFilterFactory;
  readonly #stats: ListenerStats;
  readonly #owner: SessionOwner;
  #connection: SocketConnection;
  #session: DownstreamSession | undefined;
  #timer: Timer | undefined;

  /** `accepted`: what listener filters have read already. */
  constructor(
    connection: SocketConnection,
    tls: ChainTls,
    factory: NetworkFilterFactory,
    stats: ListenerStats,
    owner: SessionOwner,
    accepted: AcceptedConnection | undefined,
  ) {
    this.#connection = connection;
    this.#tls = tls;
    this.#factory = factory;
    this.#stats = stats;
    this.#owner = owner;
    if (tls.handshakeTimeoutMs > 0) {
      this.#timer = tls.clock.setTimer(tls.handshakeTimeoutMs, () => this.#onTimeout());
    }
    const found = accepted?.clientHello;
    if (accepted !== undefined && found !== undefined) {
      this.#startHandshake({ hello: found === 'none' ? undefined : found, bytes: accepted.bytes });
      return;
    }
    new ClientHelloReader(connection, maxHelloBytes, {
      onFirstBytes: (first) => this.#startHandshake(first),
      onTooLarge: () => this.#refuse(),
      onGone: () => this.#end(),
    });
    if (accepted !== undefined && accepted.bytes.length > 0) connection.unread(accepted.bytes);
  }

  /** The listener has waited long enough. */
  close(): void {
    if (this.#session === undefined) this.#connection.close('abort');
    else this.#session.close();
  }

  drainWithin(ms: number): void {
    this.#session?.drainWithin?.(ms);
  }

  // The connection, until its network filter takes it.

  onConnected(): void {
    this.#timer?.cancel();
    const { info } = this.#owner;
    info.requestedServerName = this.#connection.tls?.serverName ?? info.requestedServerName;
    this.#session = this.#factory.createSession(this.#connection, {
      info,
      drainClose: () => this.#owner.drainClose(),
      onSessionEnd: () => this.#owner.onSessionEnd(this),
    });
    this.#session.onNewConnection?.();
  }

  onData(): void {
    // Nothing comes before the handshake is done.
  }

  onEnd(): void {
    // Nobody is served before the handshake is done: the handshake fails.
  }

  onClose(): void {
    this.#end();
  }

  #startHandshake({ hello, bytes }: FirstBytes): void {
    const { transport } = this.#tls;
    const context = this.#tls.context();
    if (context === undefined) {
      this.#stats.secretsNotReady.inc();
      this.#connection.setHandlers(this);
      this.#connection.close('flush');
      return;
    }
    if (context.lacksServerName(hello)) {
      this.#refuse();
      return;
    }
    this.#connection = acceptTls(transport, this.#connection, bytes, hello, context, this.#stats.tls);
    this.#connection.setHandlers(this);
  }

  #refuse(): void {
    this.#stats.tls.onUnacceptableHello();
    this.#connection.setHandlers(this);
    this.#connection.close('flush');
  }

  #onTimeout(): void {
    this.#stats.transportSocketConnectTimeout.inc();
    this.#connection.close('abort');
  }

  #end(): void {
    this.#timer?.cancel();
    this.#owner.onSessionEnd(this);
  }
}
