const bufferBytes = 32 * 1024;
/**
 * Kept for the next turns; 8 MiB. Whoever needs more at a time allocates with each turn, and V8 collects the whole heap
 * every few of them for the memory outside of it: that cost more than all the rest of large bodies.
 */
const maxFree = 256;
/** Up to here a loop is faster than a call. */
const loopedBytes = 64;

/**
 * Buffers in which connections put the small pieces of one turn together. A piece costs a copy of a few bytes; as text
 * it would be a string of its own, and all of them would have to be joined in the end.
 */
export class GatherBuffers {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** The system has taken what was in it. */
  release(buffer: Buffer): void {
    if (this.#free.length < maxFree) this.#free.push(buffer);
  }
}

export function copyPiece(target: Buffer, at: number, source: Buffer, start: number, end: number): void {
  if (end - start > loopedBytes) {
    source.copy(target, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number;
}
