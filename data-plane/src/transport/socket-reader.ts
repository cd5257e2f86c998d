import type { OnReadOpts } from 'node:net';
import type { ReadSlabs, Slab } from './read-slabs.ts';
import type { ReadTurn } from './read-turn.ts';

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
/** What comes of one read takes no longer, or the next one may bring half as much. */
const longReadMs = 1;
const shortReadMs = 0.25;

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
  /** How much of the slab the socket reads into. */
  #sizeBytes: number;
  #nextBuffer: Buffer | undefined;

  constructor(slabs: ReadSlabs) {
    this.#slabs = slabs;
    this.#slab = slabs.shared;
    this.#sizeBytes = slabs.shared.bytes.length;
    // The first call of `buffer` is before any read, every other one follows `callback`.
    this.#nextBuffer = slabs.shared.bytes;
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
    const buffer = this.#nextBuffer;
    this.#nextBuffer = undefined;
    // Anything that is no array leaves the socket with the buffer it has.
    return buffer as Buffer;
  }

  #read(byteCount: number): void {
    if (byteCount >= bulkReadBytes) this.#readMuch(byteCount);
    else this.#pass(byteCount);
    // Little comes into the whole of the shared slab, which most sockets never leave.
    if (byteCount < bulkReadBytes && this.#sizeBytes !== this.#slabs.shared.bytes.length) this.#leaveSlab();
  }

  #pass(byteCount: number): void {
    const slabs = this.#slabs;
    slabs.lent = this.#slab;
    try {
      this.#receiver.receive(this.#slab.bytes.subarray(0, byteCount));
    } finally {
      slabs.lent = undefined;
    }
  }

  #readMuch(byteCount: number): void {
    const { clock, turn } = this.#slabs;
    const startedMs = clock.monotonicMs();
    this.#pass(byteCount);
    const elapsedMs = clock.monotonicMs() - startedMs;
    // Whoever stops reading here may do so for long, and holds no slab meanwhile.
    if (this.#receiver.isReadDisabled) this.#leaveSlab();
    else this.#prepareNext(elapsedMs);
    if (turn.isOver(elapsedMs)) this.#receiver.waitForTurn(turn);
  }

  #prepareNext(elapsedMs: number): void {
    const slabs = this.#slabs;
    const slab = this.#slab;
    if (slab === slabs.shared || slab.pinCount > 0) {
      this.#slab = slabs.take() ?? slabs.shared;
      slabs.letGo(slab);
    }
    let sizeBytes = this.#sizeBytes;
    if (elapsedMs > longReadMs) sizeBytes = Math.max(bulkReadBytes, sizeBytes >> 1);
    else if (elapsedMs < shortReadMs) sizeBytes *= 2;
    sizeBytes = Math.min(sizeBytes, this.#slab.bytes.length);
    if (this.#slab === slab && sizeBytes === this.#sizeBytes) return;
    this.#sizeBytes = sizeBytes;
    this.#nextBuffer = this.#slab.bytes.subarray(0, sizeBytes);
  }

  #leaveSlab(): void {
    const { shared } = this.#slabs;
    this.#slabs.letGo(this.#slab);
    this.#slab = shared;
    this.#sizeBytes = shared.bytes.length;
    this.#nextBuffer = shared.bytes;
  }
}
