import type { ReadSlabs, Slab } from './read-slabs.ts';

interface Pin {
  readonly slab: Slab;
  /** The count of bytes written on the connection, behind it. */
  readonly endBytes: number;
}

/** What of one connection's unsent bytes stands in slabs that sockets read into. */
export class SlabPins {
  readonly #slabs: ReadSlabs;
  /** Oldest first. */
  #pins: Pin[] = [];

  constructor(slabs: ReadSlabs) {
    this.#slabs = slabs;
  }

  /**
   * Makes a chunk that may be lent fit for a write that ends at `endBytes`. In a slab of the reading socket's own it
   * stays where it is, and nobody reads into that slab until it was sent. A chunk of the shared slab is copied, and
   * one that has to wait (`isWaiting`: longer than what is encrypted always does) in a slab that it does not half fill.
   */
  keep(chunk: Buffer, endBytes: number, isWaiting: boolean): Buffer {
    const { lent, shared } = this.#slabs;
    if (lent === undefined || chunk.buffer !== lent.bytes.buffer) return chunk;
    if (lent === shared || (isWaiting && chunk.length * 2 < lent.bytes.length)) return Buffer.from(chunk);
    lent.pinCount++;
    this.#pins.push({ slab: lent, endBytes });
    return chunk;
  }

  /** The system has taken so many bytes. */
  onSent(sentBytes: number): void {
    const pins = this.#pins;
    let count = 0;
    for (; count < pins.length; count++) {
      const pin = pins[count];
      if (pin === undefined || pin.endBytes > sentBytes) break;
      this.#slabs.unpin(pin.slab);
    }
    if (count > 0) pins.splice(0, count);
  }

  /** The connection is cut off. */
  abandon(): void {
    for (const { slab } of this.#pins) this.#slabs.abandon(slab);
    this.#pins = [];
  }
}
