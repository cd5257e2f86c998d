import type { ResponseDecoder } from '../../codec/codec.ts';
import type { PendingStream, PoolCallbacks } from '../upstream.ts';

/** A request that waits for a connection; cancelling leaves it in the queue, to be passed over. */
export class PendingRequest implements PendingStream {
  readonly decoder: ResponseDecoder;
  readonly callbacks: PoolCallbacks;
  /** Goes on a connection that carried nothing before, and on no other. */
  readonly needsFreshConnection: boolean;
  isDone = false;
  readonly #owner: { onPendingCancelled(): void };

  constructor(
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
    needsFreshConnection: boolean,
    owner: { onPendingCancelled(): void },
  ) {
    this.decoder = decoder;
    this.callbacks = callbacks;
    this.needsFreshConnection = needsFreshConnection;
    this.#owner = owner;
  }

  cancel(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#owner.onPendingCancelled();
  }
}

/** First in, first out. `size` counts those that still wait. */
export class PendingQueue {
  #requests: PendingRequest[] = [];
  #head = 0;
  size = 0;

  push(request: PendingRequest): void {
    this.#requests.push(request);
    this.size++;
  }

  /** The oldest that still waits and may use such a connection, marked as done. */
  shift(isFreshConnection: boolean): PendingRequest | undefined {
    if (this.size === 0) return undefined;
    for (let at = this.#head; at < this.#requests.length; at++) {
      const request = this.#requests[at];
      if (request === undefined || request.isDone) continue;
      if (request.needsFreshConnection && !isFreshConnection) continue;
      request.isDone = true;
      this.size--;
      this.#passDone();
      return request;
    }
    return undefined;
  }

  /** One of them was cancelled. */
  onCancelled(): void {
    this.size--;
    this.#passDone();
  }

  /** All that wait, marked as done; the queue is empty afterwards. */
  takeAll(): PendingRequest[] {
    const taken: PendingRequest[] = [];
    for (let request = this.shift(true); request !== undefined; request = this.shift(true)) {
      taken.push(request);
    }
    return taken;
  }

  #passDone(): void {
    if (this.size === 0) {
      this.#requests.length = 0;
      this.#head = 0;
      return;
    }
    while (this.#requests[this.#head]?.isDone === true) this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#requests.length) {
      this.#requests = this.#requests.slice(this.#head);
      this.#head = 0;
    }
  }
}
