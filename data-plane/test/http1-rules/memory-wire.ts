import type {
  CloseKind,
  Connection,
  ConnectionHandlers,
  ConnectionState,
  SocketAddress,
} from '../../src/transport/connection.ts';
import type { Wire } from './exchange.ts';

const quietMicrotasks = 3;

/** What happens next, in order. Runs dry when nobody has anything left to do: no time-out, no waiting. */
export class TaskQueue {
  readonly #tasks: (() => void)[] = [];

  add(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Microtasks are waited for as well: some of the request path goes on in them. */
  async run(): Promise<void> {
    for (let quietCount = 0; quietCount < quietMicrotasks; quietCount++) {
      if (this.#tasks.length > 0) quietCount = 0;
      for (let at = 0; at < this.#tasks.length; at++) this.#tasks[at]?.();
      this.#tasks.length = 0;
      await Promise.resolve();
    }
  }
}

/** What the far end of a connection hears. */
export interface FarEnd {
  onData(text: string): void;
  onEnd(isReset: boolean): void;
}

let lastId = 0;

/** A connection of the proxy without a socket; its far end is one of the scripted peers. */
export class MemoryWire implements Connection, Wire {
  readonly id = ++lastId;
  readonly remoteAddress: SocketAddress = { address: '127.0.0.1', port: 40_000 };
  readonly localAddress: SocketAddress = { address: '127.0.0.1', port: 80 };
  readonly isSecure = false;
  readonly alpnProtocol = '';
  readonly writeBufferedBytes = 0;
  state: ConnectionState = 'open';
  bytesRead = 0;
  bytesWritten = 0;
  readonly #queue: TaskQueue;
  #farEnd: FarEnd | undefined;
  #handlers: ConnectionHandlers | undefined;
  #readDisableCount = 0;
  /** Bytes that wait for the proxy to read on; undefined for FIN. */
  readonly #inbound: (string | undefined)[] = [];
  #hasSentFin = false;
  #hasReceivedFin = false;

  constructor(queue: TaskQueue) {
    this.#queue = queue;
  }

  connectTo(farEnd: FarEnd): void {
    this.#farEnd = farEnd;
  }

  // The far end's side: `write` is the proxy's, so that these have names of their own.

  send(text: string): void {
    this.#inbound.push(text);
    this.#queue.add(() => this.#deliver());
  }

  sendFin(): void {
    this.#inbound.push(undefined);
    this.#queue.add(() => this.#deliver());
  }

  // The proxy's side.

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  announceConnected(): void {
    this.#queue.add(() => {
      if (this.state === 'open') this.#handlers?.onConnected?.();
    });
  }

  writeCopy(bytes: Buffer, start: number, end: number): void {
    this.write(bytes.subarray(start, end));
  }

  write(data: Buffer | string): void {
    if (this.state !== 'open' || this.#hasSentFin) return;
    const text = typeof data === 'string' ? data : data.toString('latin1');
    this.bytesWritten += text.length;
    this.#queue.add(() => this.#farEnd?.onData(text));
  }

  end(): void {
    this.shutdownWrite();
  }

  readDisable(disable: boolean): void {
    this.#readDisableCount += disable ? 1 : -1;
    if (this.#readDisableCount === 0) this.#queue.add(() => this.#deliver());
  }

  shutdownWrite(): void {
    if (this.state !== 'open' || this.#hasSentFin) return;
    this.#hasSentFin = true;
    this.#queue.add(() => this.#farEnd?.onEnd(false));
    if (this.#hasReceivedFin) this.#finish('remote');
  }

  close(kind: CloseKind): void {
    if (this.state !== 'open') return;
    const isReset = kind === 'abort';
    if (!this.#hasSentFin || isReset) this.#queue.add(() => this.#farEnd?.onEnd(isReset));
    this.#finish(this.#hasReceivedFin ? 'remote' : 'local');
  }

  setWriteBufferLimit(): void {
    // Nothing is buffered here.
  }

  #finish(reason: 'local' | 'remote'): void {
    this.state = 'closed';
    this.#queue.add(() => this.#handlers?.onClose(reason, ''));
  }

  #deliver(): void {
    while (this.state === 'open' && this.#readDisableCount === 0 && this.#inbound.length > 0) {
      const text = this.#inbound.shift();
      if (text === undefined) {
        this.#hasReceivedFin = true;
        this.#handlers?.onEnd();
        if (this.#hasSentFin) this.#finish('remote');
        continue;
      }
      this.bytesRead += text.length;
      this.#handlers?.onData(Buffer.from(text, 'latin1'));
    }
  }
}
