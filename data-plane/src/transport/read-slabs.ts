import type { Clock } from '@heddle/shared/time/clock';
import { ReadTurn } from './read-turn.ts';

/** Memory that a socket reads into. A chunk is a view of it. */
export class Slab {
  readonly bytes: Buffer;
  /** Writes that read from it and that the kernel has not taken yet. */
  pinCount = 0;
  /** A socket reads into it next. */
  isHeld = false;

  constructor(byteCount: number) {
    this.bytes = Buffer.allocUnsafeSlow(byteCount);
  }
}

const sharedBytes = 64 * 1024;
const bulkBytes = 256 * 1024;
/** Of all bulk slabs of a worker together, so that peers who stall cannot make it hold more than 16 MiB. */
const maxBulkSlabs = 64;
/** Kept for the next socket that brings much; 4 MiB. */
const maxFreeSlabs = 16;

/**
 * What the sockets of a worker read into. All share one slab, since a read is used up before the next one begins;
 * sockets that bring much at a time get bulk slabs of their own, from which a write can be made without a copy.
 */
export class ReadSlabs {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly turn = new ReadTurn();
  readonly shared = new Slab(sharedBytes);
  /** Whose chunk is being handled; undefined between reads. */
  lent: Slab | undefined = undefined;
  readonly #free: Slab[] = [];
  #bulkCount = 0;

  /** `clock` tells how long reads take. */
  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock;
  }

  /** Bulk slabs in use or kept. */
  get bulkCount(): number {
    return this.#bulkCount;
  }

  /** A slab for one socket; undefined: there are enough of them, and the shared one has to do. */
  take(): Slab | undefined {
    let slab = this.#free.pop();
    if (slab === undefined) {
      if (this.#bulkCount >= maxBulkSlabs) return undefined;
      this.#bulkCount++;
      slab = new Slab(bulkBytes);
    }
    slab.isHeld = true;
    return slab;
  }

  /** The socket reads elsewhere from now on. */
  letGo(slab: Slab): void {
    if (slab === this.shared) return;
    slab.isHeld = false;
    this.#keepIfFree(slab);
  }

  unpin(slab: Slab): void {
    slab.pinCount--;
    this.#keepIfFree(slab);
  }

  /** The write was cut off and nobody knows when the system stops reading from the slab: it is not used again. */
  abandon(slab: Slab): void {
    if (slab.pinCount === Infinity) return;
    slab.pinCount = Infinity;
    this.#bulkCount--;
  }

  #keepIfFree(slab: Slab): void {
    if (slab.isHeld || slab.pinCount > 0) return;
    if (this.#free.length < maxFreeSlabs) this.#free.push(slab);
    else this.#bulkCount--;
  }
}
