import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Inspection } from '../../config/model/listener.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import { ClientHelloReader, type ClientHelloReaderOwner, type FirstBytes } from './client-hello-reader.ts';
import type { ListenerStats } from './listener-stats.ts';
import { tlsInspectorStats, type TlsInspectorStats } from './tls-inspector-stats.ts';

/** Connections of one worker that are looked into: accepted, and without a filter chain yet. */
export class PendingConnections {
  readonly #clock: Clock;
  readonly #scope: StatsScope;
  /** Made for the first connection that is looked into. */
  #madeStats: TlsInspectorStats | undefined;
  readonly #pending = new Set<SocketConnection>();

  /** `scope`: `tls_inspector.` */
  constructor(clock: Clock, scope: StatsScope) {
    this.#clock = clock;
    this.#scope = scope;
  }

  /** `onDone` is called once: with what the connection begins with, or with undefined when it is closed. */
  inspect(
    connection: SocketConnection,
    inspection: Inspection,
    listenerStats: ListenerStats,
    onDone: (first: FirstBytes | undefined) => void,
  ): void {
    let timer: Timer | undefined;
    const { preActive, preTimeout, filterRemoteClose } = listenerStats;
    const end = (first: FirstBytes | undefined): void => {
      timer?.cancel();
      this.#pending.delete(connection);
      preActive.dec();
      if (first === undefined) connection.close('flush');
      onDone(first);
    };
    const owner: ClientHelloReaderOwner = {
      onFirstBytes: (first) => {
        this.#count(first);
        end(first.hello === undefined && inspection.closesOnParsingErrors ? undefined : first);
      },
      onTooLarge: () => {
        this.#stats.tooLarge.inc();
        this.#stats.bytesProcessed.record(inspection.maxClientHelloBytes);
        end(undefined);
      },
      onGone: () => {
        filterRemoteClose.inc();
        end(undefined);
      },
    };
    preActive.inc();
    this.#pending.add(connection);
    const reader = new ClientHelloReader(connection, inspection.maxClientHelloBytes, owner);
    if (inspection.timeoutMs > 0) {
      timer = this.#clock.setTimer(inspection.timeoutMs, () => {
        preTimeout.inc();
        const first = reader.giveUp();
        end(inspection.continuesOnTimeout ? first : undefined);
      });
    }
  }

  /** The worker ends. */
  close(): void {
    for (const connection of [...this.#pending]) connection.close('abort');
  }

  get #stats(): TlsInspectorStats {
    return (this.#madeStats ??= tlsInspectorStats.create(this.#scope));
  }

  #count({ hello, inspectedByteCount }: FirstBytes): void {
    const stats = this.#stats;
    stats.bytesProcessed.record(inspectedByteCount);
    if (hello === undefined) {
      stats.tlsNotFound.inc();
      return;
    }
    stats.tlsFound.inc();
    (hello.applicationProtocols.length > 0 ? stats.alpnFound : stats.alpnNotFound).inc();
    (hello.serverName === '' ? stats.sniNotFound : stats.sniFound).inc();
  }
}
