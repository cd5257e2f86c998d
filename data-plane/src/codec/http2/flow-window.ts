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
 * a window, so that few frames do it. How large the window is meant to be may be another with each update.
 */
export class ReceiveWindow {
  #fullBytes: number;
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

  /** True: it is enough to be given back. */
  consume(bytes: number): boolean {
    this.#consumedBytes += bytes;
    return this.#consumedBytes * 2 >= this.#fullBytes;
  }

  /** Makes a window of `fullBytes`, as far as the peer has not more already. Returns what the peer is to be granted for it. */
  grant(fullBytes: number): number {
    const keptBytes = this.#fullBytes - this.#consumedBytes;
    const grantedBytes = Math.max(0, fullBytes - keptBytes);
    this.#fullBytes = keptBytes + grantedBytes;
    this.#consumedBytes = 0;
    this.#leftBytes += grantedBytes;
    return grantedBytes;
  }
}
