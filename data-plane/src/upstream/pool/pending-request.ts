import type { ResponseDecoder } from '../../codec/codec.ts';
import type { PendingStream, PoolCallbacks } from '../upstream.ts';

/** A request that waits for a connection; cancelling leaves it in the queue, to be passed over. */
export class PendingRequest implements PendingStream {
  readonly decoder: ResponseDecoder;
  readonly callbacks: PoolCallbacks;
  isDone = false;
  readonly #owner: { onPendingCancelled(): void };

  constructor(decoder: ResponseDecoder, callbacks: PoolCallbacks, owner: { onPendingCancelled(): void }) {
    this.decoder = decoder;
    this.callbacks = callbacks;
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

  /** The oldest that still waits, marked as done. */
  shift(): PendingRequest | undefined {
    while (this.#head < this.#requests.length) {
      const request = this.#requests[this.#head++];
      if (this.#head > 64 && this.#head * 2 > this.#requests.length) {
        this.#requests = this.#requests.slice(this.#head);
        this.#head = 0;
      }
      if (request === undefined || request.isDone) continue;
      request.isDone = true;
      this.size--;
      return request;
    }
    this.#requests.length = 0;
    this.#head = 0;
    return undefined;
  }

  /** Its owner was cancelled; it stays in the list, but counts no more. */
  onCancelled(): void {
    this.size--;
    if (this.size === 0) {
      this.#requests.length = 0;
      this.#head = 0;
    }
  }

  /** All that wait, marked as done; the queue is empty afterwards. */
  takeAll(): PendingRequest[] {
    const taken: PendingRequest[] = [];
    for (let request = this.shift(); request !== undefined; request = this.shift()) taken.push(request);
    return taken;
  }
}
