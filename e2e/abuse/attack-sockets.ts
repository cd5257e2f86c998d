import { connect, type Socket } from 'node:net';

/** The connections of one attack. What they get back is thrown away; what is closed or refused is no error. */
export class AttackSockets {
  openedCount = 0;
  sentBytes = 0;
  receivedBytes = 0;
  readonly #port: number;
  readonly #open = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(port: number) {
    this.#port = port;
  }

  get openCount(): number {
    return this.#open.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** `onConnect` gets the socket, flowing; a paused one reads nothing. */
  open(onConnect: (socket: Socket) => void, onClose?: () => void): void {
    if (this.#isClosed) return;
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true, allowHalfOpen: true });
    this.#open.add(socket);
    socket.once('connect', () => {
      this.openedCount++;
      socket.resume();
      onConnect(socket);
    });
    socket.on('data', (chunk) => (this.receivedBytes += chunk.length));
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#open.delete(socket);
      this.sentBytes += socket.bytesWritten;
      onClose?.();
    });
  }

  /** Keeps so many connections open: whatever closes is opened again. */
  keepOpen(count: number, onConnect: (socket: Socket) => void): void {
    const openOne = (): void => this.open(onConnect, () => this.after(0, openOne));
    for (let index = 0; index < count; index++) openOne();
  }

  every(intervalMs: number, callback: () => void): void {
    if (!this.#isClosed) this.#timers.add(setInterval(callback, intervalMs));
  }

  after(delayMs: number, callback: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const socket of this.#open) reset(socket);
  }
}

/**
 * Where Node cannot reset it closes: after a FIN the handle would stay open for ever, and a reset that waits for the
 * connection comes after a FIN that is sent when it is there.
 */
export function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** In one turn of the event loop; the others want their turn too. */
const maxWritesPerTurn = 16;

/** Writes `data`, or what it returns, again and again, as fast as the other side takes it. */
export function writeForEver(socket: Socket, data: Buffer | (() => Buffer)): void {
  const write = (): void => {
    for (let count = 0; count < maxWritesPerTurn; count++) {
      if (socket.destroyed || !socket.writable) return;
      if (!socket.write(typeof data === 'function' ? data() : data)) {
        socket.once('drain', write);
        return;
      }
    }
    setImmediate(write);
  };
  write();
}
