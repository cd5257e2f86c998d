import type { OnReadOpts } from 'node:net';

/** Who reads a socket. */
export interface ChunkReceiver {
  /** `chunk` is the receiver's from here on. */
  receive(chunk: Buffer): void;
}

const slabBytes = 64 * 1024;
/** Below it a copy comes out of Node's pool and costs less than an allocation. */
const pooledBytes = 4 * 1024;
/** A read of at least a quarter of its slab takes the slab along; a smaller one would pin it (and is copied). */
const handedOverBytes = slabBytes / 4;

const nobody: ChunkReceiver = { receive: () => undefined };

/**
 * Reads sockets without a 64 KiB allocation for each read, which is a sixth of a small request's cost: by `onread`,
 * into one slab that all sockets of a worker share, since a read is used up before the next one begins. What is
 * handed on is a copy as long as reads are small. A socket that brings much at a time gets slabs of its own, and they
 * are handed on as they are.
 */
export class SocketReader {
  readonly onread: OnReadOpts;
  #receiver: ChunkReceiver = nobody;
  readonly #sharedSlab: Buffer;
  #nextSlab: Buffer | undefined;

  constructor(sharedSlab: Buffer) {
    this.#sharedSlab = sharedSlab;
    // The first call of `buffer` is before any read, every other one follows `callback`.
    this.#nextSlab = sharedSlab;
    this.onread = {
      buffer: () => this.#takeNextSlab(),
      callback: (byteCount, slab) => {
        this.#receiver.receive(this.#toChunk(byteCount, slab as Buffer));
        return true;
      },
    };
  }

  setReceiver(receiver: ChunkReceiver): void {
    this.#receiver = receiver;
  }

  #takeNextSlab(): Buffer {
    const slab = this.#nextSlab;
    this.#nextSlab = undefined;
    // Anything that is no array leaves the socket with the slab it has.
    return slab as Buffer;
  }

  #toChunk(byteCount: number, slab: Buffer): Buffer {
    if (byteCount >= handedOverBytes) {
      this.#nextSlab = Buffer.allocUnsafeSlow(slabBytes);
      if (slab !== this.#sharedSlab) return slab.subarray(0, byteCount);
    } else if (slab !== this.#sharedSlab) {
      this.#nextSlab = this.#sharedSlab;
    }
    const chunk = byteCount < pooledBytes ? Buffer.allocUnsafe(byteCount) : Buffer.allocUnsafeSlow(byteCount);
    slab.copy(chunk, 0, 0, byteCount);
    return chunk;
  }
}

export function createSharedSlab(): Buffer {
  return Buffer.allocUnsafeSlow(slabBytes);
}
