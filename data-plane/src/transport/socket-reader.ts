import type { OnReadOpts } from 'node:net';
import type { ReadTurn } from './read-turn.ts';
import type { ReadSlabs, Slab } from './read-slabs.ts';

/** Who reads a socket. */
export interface ChunkReceiver {
  /** `chunk` is lent until the call returns. */
  receive(chunk: Buffer): void;
  /** It wants nothing more for now. */
  readonly isReadDisabled: boolean;
  /** It has read its share of this turn of the event loop, and goes on in the next. */
  waitForTurn(turn: ReadTurn): void;
}

/** A read of at least that brings much: the socket gets a slab of its own. */
const bulkReadBytes = 16 * 1024;

const nobody: ChunkReceiver = {
  receive: () => undefined,
  isReadDisabled: false,
  waitForTurn: () => undefined,
};

/**
 * Reads a socket without an allocation for each read, which is a sixth of a small request's cost and most of a large
 * body's: by `onread`, into the slab that all sockets of a worker share, or into a slab of its own while much comes
 * at a time. A slab that a write still reads from is exchanged for another one.
 */
export class SocketReader {
  readonly onread: OnReadOpts;
  #receiver: ChunkReceiver = nobody;
  readonly #slabs: ReadSlabs;
  #slab: Slab;
  #nextSlab: Slab | undefined;

  constructor(slabs: ReadSlabs) {
    this.#slabs = slabs;
    this.#slab = slabs.shared;
    // The first call of `buffer` is before any read, every other one follows `callback`.
    this.#nextSlab = slabs.shared;
    this.onread = {
      buffer: () => this.#takeNextBuffer(),
      callback: (byteCount) => {
        this.#read(byteCount);
        return true;
      },
    };
  }

  setReceiver(receiver: ChunkReceiver): void {
    this.#receiver = receiver;
  }

  /** The socket is closed. */
  close(): void {
    this.#slabs.letGo(this.#slab);
    this.#slab = this.#slabs.shared;
  }

  #takeNextBuffer(): Buffer {
    const slab = this.#nextSlab;
    this.#nextSlab = undefined;
    // Anything that is no array leaves the socket with the slab it has.
    return slab?.bytes as Buffer;
  }

  #read(byteCount: number): void {
    const slab = this.#slab;
    const slabs = this.#slabs;
    slabs.lent = slab;
    try {
      this.#receiver.receive(slab.bytes.subarray(0, byteCount));
    } finally {
      slabs.lent = undefined;
    }
    if (byteCount >= bulkReadBytes || slab !== slabs.shared) this.#chooseSlab(byteCount, slab);
    if (byteCount >= bulkReadBytes && slabs.turn.isOver(byteCount)) this.#receiver.waitForTurn(slabs.turn);
  }

  #chooseSlab(byteCount: number, slab: Slab): void {
    const slabs = this.#slabs;
    // Closed meanwhile: `close` has let go of it.
    if (slab !== this.#slab) return;
    const isBulk = byteCount >= bulkReadBytes && !this.#receiver.isReadDisabled;
    if (isBulk && slab !== slabs.shared && slab.pinCount === 0) return;
    const next = (isBulk ? slabs.take() : undefined) ?? slabs.shared;
    if (next === slab) return;
    slabs.letGo(slab);
    this.#slab = next;
    this.#nextSlab = next;
  }
}
