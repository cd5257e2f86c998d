import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { ListenerFilters } from '../../config/model/listener-filters.ts';
import type { ConnectionHandlers } from '../../transport/connection.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import type { AcceptedConnection, ListenerFilter } from './filters/listener-filter.ts';
import type { ListenerStats } from './listener-stats.ts';

/** Called once. `isFit`: a filter chain may take the connection; otherwise it is closed. */
type OnDone = (accepted: AcceptedConnection, isFit: boolean) => void;

/** Connections of one worker that listener filters look into: accepted, and without a filter chain yet. */
export class PendingConnections {
  readonly #clock: Clock;
  readonly #pending = new Set<SocketConnection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `onDone` may be called before this returns. */
  inspect(
    connection: SocketConnection,
    filters: readonly ListenerFilter[],
    limits: ListenerFilters,
    stats: ListenerStats,
    onDone: OnDone,
  ): void {
    const pending = this.#pending;
    stats.preActive.inc();
    pending.add(connection);
    const run = new FilterRun(connection, filters, limits, stats, this.#clock, (accepted, isFit) => {
      pending.delete(connection);
      stats.preActive.dec();
      onDone(accepted, isFit);
    });
    run.start();
  }

  /** The worker ends. */
  close(): void {
    for (const connection of [...this.#pending]) connection.close('abort');
  }
}

/** One connection on its way through the filters. */
class FilterRun implements ConnectionHandlers {
  readonly #accepted: AcceptedConnection;
  readonly #filters: readonly ListenerFilter[];
  readonly #limits: ListenerFilters;
  readonly #stats: ListenerStats;
  readonly #clock: Clock;
  #onDone: OnDone | undefined;
  #next = 0;
  #timer: Timer | undefined;

  constructor(
    connection: SocketConnection,
    filters: readonly ListenerFilter[],
    limits: ListenerFilters,
    stats: ListenerStats,
    clock: Clock,
    onDone: OnDone,
  ) {
    this.#accepted = { connection, bytes: Buffer.alloc(0), clientHello: undefined, applicationProtocols: [] };
    this.#filters = filters;
    this.#limits = limits;
    this.#stats = stats;
    this.#clock = clock;
    this.#onDone = onDone;
  }

  start(): void {
    this.#accepted.connection.setHandlers(this);
    this.#run();
    const { timeoutMs } = this.#limits;
    if (this.#onDone === undefined || timeoutMs === 0) return;
    this.#timer = this.#clock.setTimer(timeoutMs, () => {
      this.#stats.preTimeout.inc();
      this.#end(this.#limits.continuesOnTimeout);
    });
  }

  onData(chunk: Buffer): void {
    if (this.#onDone === undefined) return;
    // The chunk is lent.
    this.#accepted.bytes = Buffer.concat([this.#accepted.bytes, chunk]);
    this.#run();
  }

  onEnd(): void {
    this.#onGone();
  }

  onClose(): void {
    this.#onGone();
  }

  #run(): void {
    for (;;) {
      const filter = this.#filters[this.#next];
      if (filter === undefined) return this.#end(true);
      const status = filter.inspect(this.#accepted);
      if (status === 'wait') return;
      if (status === 'close') return this.#end(false);
      this.#next++;
    }
  }

  #onGone(): void {
    if (this.#onDone !== undefined) this.#stats.filterRemoteClose.inc();
    this.#end(false);
  }

  #end(isFit: boolean): void {
    this.#timer?.cancel();
    const onDone = this.#onDone;
    this.#onDone = undefined;
    onDone?.(this.#accepted, isFit);
  }
}
