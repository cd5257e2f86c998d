import type {
  CloseKind,
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
} from '../../transport/connection.ts';
import { FilteredConnection, type FilteredConnectionOwner } from './filtered-connection.ts';
import type {
  DownstreamSession,
  FilterBuffer,
  NetworkFilter,
  NetworkFilterFactory,
  SessionOwner,
} from './network-filter.ts';

const noBytes = Buffer.alloc(0);

/**
 * The filters of a chain in front of its terminal one. A chain that is its terminal filter alone costs nothing.
 * `bufferLimitBytes`: of what filters that have stopped let wait; 0 = no limit.
 */
export function createNetworkFilterChain(
  filters: readonly (() => NetworkFilter)[],
  terminal: NetworkFilterFactory,
  bufferLimitBytes: number,
): NetworkFilterFactory {
  if (filters.length === 0) return terminal;
  return {
    createSession(connection, owner) {
      const made = filters.map((create) => create());
      return new FilteredSession(made, terminal, connection, owner, bufferLimitBytes);
    },
  };
}

/** One connection on its way through the filters, in both directions. */
class FilteredSession implements DownstreamSession, ConnectionHandlers, FilteredConnectionOwner {
  readonly #filters: readonly NetworkFilter[];
  readonly #writeFilters: readonly NetworkFilter[];
  readonly #connection: Connection;
  readonly #facade: FilteredConnection;
  readonly #terminal: DownstreamSession;
  readonly #bufferLimitBytes: number;
  readonly #owner: SessionOwner;
  /** What was read and no filter has taken. */
  readonly #unread: FilterBuffer = { bytes: noBytes };
  #hasEnded = false;
  /** Filters that know of the connection: so many, from the first on; the terminal one is behind the last. */
  #initializedCount = 0;
  #hasTerminalEnded = false;
  /** `#unread` is as long as it may become. */
  #isPaused = false;

  constructor(
    filters: readonly NetworkFilter[],
    terminal: NetworkFilterFactory,
    connection: Connection,
    owner: SessionOwner,
    bufferLimitBytes: number,
  ) {
    this.#filters = filters;
    this.#writeFilters = filters.filter(({ onWrite }) => onWrite !== undefined).reverse();
    this.#connection = connection;
    this.#owner = owner;
    this.#bufferLimitBytes = bufferLimitBytes;
    this.#facade = new FilteredConnection(connection, this, this.#writeFilters.length > 0);
    connection.setHandlers(this);
    for (const filter of filters) this.#giveCallbacks(filter);
    this.#terminal = terminal.createSession(this.#facade, {
      info: owner.info,
      drainClose: () => owner.drainClose(),
      onSessionEnd: () => owner.onSessionEnd(this),
    });
  }

  onNewConnection(): void {
    this.#run(0, this.#unread, false);
  }

  close(): void {
    this.#terminal.close();
  }

  drainWithin(ms: number): void {
    this.#terminal.drainWithin?.(ms);
  }

  // The connection.

  onData(chunk: Buffer): void {
    const { bytes } = this.#unread;
    this.#unread.bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    this.#run(0, this.#unread, this.#hasEnded);
    // The chunk is lent: what nobody took is copied.
    if (this.#unread.bytes.buffer === chunk.buffer) this.#unread.bytes = Buffer.from(this.#unread.bytes);
    this.#pauseOrResume();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#run(0, this.#unread, true);
  }

  onClose(reason: ConnectionCloseReason, detail: string): void {
    this.#unread.bytes = noBytes;
    for (const filter of this.#filters) filter.onClose?.(reason);
    this.#facade.handlers.onClose(reason, detail);
  }

  onDelayedCloseTimeout(): void {
    this.#facade.handlers.onDelayedCloseTimeout?.();
  }

  onAboveWriteHighWatermark(): void {
    for (const filter of this.#filters) filter.onAboveWriteHighWatermark?.();
    this.#facade.handlers.onAboveWriteHighWatermark?.();
  }

  onBelowWriteLowWatermark(): void {
    for (const filter of this.#filters) filter.onBelowWriteLowWatermark?.();
    this.#facade.handlers.onBelowWriteLowWatermark?.();
  }

  // What is written.

  onWrite(bytes: Buffer, endStream: boolean): void {
    this.#write(0, { bytes }, endStream);
  }

  onReadEnabled(): void {
    if (this.#unread.bytes.length === 0 && !this.#hasEnded) return;
    this.#run(0, this.#unread, this.#hasEnded);
    this.#pauseOrResume();
  }

  onTerminalClose(kind: CloseKind): void {
    this.#connection.close(kind);
  }

  #isOpen(): boolean {
    return this.#connection.state === 'open';
  }

  #giveCallbacks(filter: NetworkFilter): void {
    if (filter.setCallbacks === undefined) return;
    const next = this.#filters.indexOf(filter) + 1;
    const nextWriter = this.#writeFilters.indexOf(filter) + 1;
    filter.setCallbacks({
      connection: this.#facade,
      info: this.#owner.info,
      continueReading: () => {
        this.#run(next, this.#unread, this.#hasEnded);
        this.#pauseOrResume();
      },
      injectReadData: (bytes, endStream) => this.#run(next, { bytes }, endStream),
      injectWriteData: (bytes, endStream) => this.#write(nextWriter, { bytes }, endStream),
    });
  }

  #run(first: number, data: FilterBuffer, endStream: boolean): void {
    if (!this.#isOpen()) return;
    for (let index = first; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter === undefined) return;
      if (index >= this.#initializedCount) {
        this.#initializedCount = index + 1;
        if (filter.onNewConnection?.() === 'stop-iteration' || !this.#isOpen()) return;
      }
      if (data.bytes.length === 0 && !endStream) continue;
      if (filter.onData?.(data, endStream) === 'stop-iteration' || !this.#isOpen()) return;
    }
    this.#runTerminal(data, endStream);
  }

  #runTerminal(data: FilterBuffer, endStream: boolean): void {
    if (this.#initializedCount === this.#filters.length) {
      this.#initializedCount++;
      this.#terminal.onNewConnection?.();
    }
    const isInjected = data !== this.#unread;
    // It does not read now: what the connection has read waits; what a filter injects is for the filter to hold back.
    if (!this.#isOpen() || (!isInjected && this.#facade.isReadDisabled)) return;
    const { bytes } = data;
    data.bytes = noBytes;
    if (bytes.length > 0) this.#facade.handlers.onData(bytes);
    if (!endStream || this.#hasTerminalEnded || !this.#isOpen()) return;
    if (!isInjected && this.#facade.isReadDisabled) return;
    this.#hasTerminalEnded = true;
    this.#facade.handlers.onEnd();
  }

  #write(first: number, data: FilterBuffer, endStream: boolean): void {
    for (let index = first; index < this.#writeFilters.length; index++) {
      if (this.#writeFilters[index]?.onWrite?.(data, endStream) === 'stop-iteration') return;
    }
    if (data.bytes.length > 0) this.#connection.write(data.bytes);
    if (endStream) this.#connection.shutdownWrite();
  }

  #pauseOrResume(): void {
    const isFull = this.#bufferLimitBytes > 0 && this.#unread.bytes.length >= this.#bufferLimitBytes;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    this.#connection.readDisable(isFull);
  }
}
