import { maxWrittenFrameBytes } from './options.ts';

/** What is shorter is not worth a whole slab. */
const minSlabFill = 0.25;
/** Kept for the next chunks; 4 MiB. */
const maxFree = 256;
const noBytes = Buffer.alloc(0);

/** Memory for content that waits, used again and again: one per worker. */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(maxWrittenFrameBytes);
  }

  release(slab: Buffer): void {
    if (this.#free.length < maxFree) this.#free.push(slab);
  }
}

/**
 * Content of one stream that waits for a window or for the socket, as copies: what it came in is used for the next read.
 * Pieces of up to a frame; each is written from where it stands, and its memory goes back to the pool.
 */
export class SendQueue {
  readonly #pool: ChunkPool;
  #chunks: Buffer[] = [];
  #ends: number[] = [];
  #first = 0;
  /** In the first chunk, what was sent ends here. */
  start = 0;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  get isEmpty(): boolean {
    return this.#first === this.#chunks.length;
  }

  /** What goes out next stands in here, from `start` to `endWithin`. */
  get first(): Buffer {
    return this.#chunks[this.#first] ?? noBytes;
  }

  endWithin(limitBytes: number): number {
    return Math.min(this.#ends[this.#first] ?? 0, this.start + limitBytes);
  }

  /** Nothing waits behind `end` of the first chunk. */
  isLastAt(end: number): boolean {
    return this.#first === this.#chunks.length - 1 && end === this.#ends[this.#first];
  }

  push(content: Buffer): void {
    for (let at = 0; at < content.length; at += maxWrittenFrameBytes) {
      const byteCount = Math.min(maxWrittenFrameBytes, content.length - at);
      const isSlab = byteCount >= maxWrittenFrameBytes * minSlabFill;
      const chunk = isSlab ? this.#pool.take() : Buffer.allocUnsafe(byteCount);
      content.copy(chunk, 0, at, at + byteCount);
      this.#chunks.push(chunk);
      this.#ends.push(byteCount);
    }
  }

  /** What stands before `end` of the first chunk was written. */
  drop(end: number): void {
    if (this.isEmpty) return;
    this.start = end;
    if (end < (this.#ends[this.#first] ?? 0)) return;
    if (this.isLastAt(end)) this.clear();
    else this.#releaseFirst();
  }

  clear(): void {
    while (!this.isEmpty) this.#releaseFirst();
    this.#chunks = [];
    this.#ends = [];
    this.#first = 0;
  }

  #releaseFirst(): void {
    const { first } = this;
    if (first.length === maxWrittenFrameBytes) this.#pool.release(first);
    this.#first++;
    this.start = 0;
  }
}
