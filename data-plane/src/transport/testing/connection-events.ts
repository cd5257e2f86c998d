import type { ConnectionHandlers } from '../connection.ts';
import type { SocketConnection } from '../socket-connection.ts';

/** Collects the events of one connection and lets a test wait for them. */
export class Events implements ConnectionHandlers {
  readonly log: string[] = [];
  readonly chunks: Buffer[] = [];
  readonly connection: SocketConnection;
  bytesAtBelow = NaN;
  #waiters: { isDone: () => boolean; resolve: () => void }[] = [];
  constructor(connection: SocketConnection) {
    this.connection = connection;
    connection.setHandlers(this);
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  onConnected(): void {
    this.#note('connected');
  }
  onData(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
    this.#note('data');
  }
  onEnd(): void {
    this.#note('end');
  }
  onClose(reason: string, detail: string): void {
    this.#note(`close ${reason} ${detail}`.trim());
  }
  onAboveWriteHighWatermark(): void {
    this.#note('above');
  }
  onBelowWriteLowWatermark(): void {
    this.bytesAtBelow = this.connection.writeBufferedBytes;
    this.#note('below');
  }
  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isDone, resolve }));
  }
  untilLogged(start: string): Promise<void> {
    return this.until(() => this.log.some((line) => line.startsWith(start)));
  }
  #note(line: string): void {
    if (line !== 'data') this.log.push(line);
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.isDone()) waiter.resolve();
      return !waiter.isDone();
    });
  }
}

/** The two ends of one connection. */
export interface ConnectionPair {
  readonly client: Events;
  readonly server: Events;
}

export async function closeBoth(pair: ConnectionPair): Promise<void> {
  pair.client.connection.close('abort');
  pair.server.connection.close('abort');
  await pair.client.untilLogged('close');
  await pair.server.untilLogged('close');
}
