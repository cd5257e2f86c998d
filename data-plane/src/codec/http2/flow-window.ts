import { maxWindowBytes } from './protocol.ts';

/** What may be sent, or was allowed to the peer (RFC 9113, 6.9). A window can be negative after a SETTINGS change. */
export class FlowWindow {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** False: more than a window can hold (FLOW_CONTROL_ERROR). */
  add(bytes: number): boolean {
    this.bytes += bytes;
    return this.bytes <= maxWindowBytes;
  }

  take(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * The peer's credit that we keep: what it sends is taken off, what we are done with is given back, in updates of half
 * a window, so that few frames do it.
 */
export class ReceiveWindow {
  readonly #fullBytes: number;
  #leftBytes: number;
  #consumedBytes = 0;

  constructor(fullBytes: number) {
    this.#fullBytes = fullBytes;
    this.#leftBytes = fullBytes;
  }

  /** False: the peer sent more than it may. */
  receive(bytes: number): boolean {
    this.#leftBytes -= bytes;
    return this.#leftBytes >= 0;
  }

  /** Bytes to give back now; 0 as long as they are few. */
  consume(bytes: number): number {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes * 2 < this.#fullBytes) return 0;
    const grantedBytes = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#leftBytes += grantedBytes;
    return grantedBytes;
  }
}
