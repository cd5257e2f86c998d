import { copyPiece, type GatherBuffers } from './gather-buffers.ts';

/** Up to here a buffer is copied into what the turn writes anyway; above, it is a part of a writev. */
export const copiedChunkBytes = 8 * 1024;
/** A piece up to here is copied beside others: a frame of HTTP/2. */
export const copiedPieceBytes = 16 * 1024;
/** What is written in one tick may pass the limit by that; whoever writes more learns of it before the tick ends. */
export const maxTickBytes = 256 * 1024;
const noBytes = Buffer.alloc(0);
const noBuffers: Buffer[] = [];

/**
 * What one connection writes in one turn, in order: large parts as they are, and behind them either latin1 text or small
 * pieces gathered as bytes. A head of HTTP/1.1 and its small body are one text, which Node writes fastest; frames of
 * HTTP/2 are many pieces, which would be joined at a cost.
 */
export class TurnOutput {
  /** Parts that are followed by others. */
  #parts: (Buffer | string)[] = [];
  #partBytes = 0;
  #text = '';
  #gather: Buffer | undefined;
  /** Up to here they are parts already. */
  #gatherStart = 0;
  #gatheredBytes = 0;
  /** Gathered into, and not written yet. */
  #filled = noBuffers;
  /** Written, and not taken yet. */
  #inFlight = noBuffers;
  readonly #buffers: GatherBuffers;

  constructor(buffers: GatherBuffers) {
    this.#buffers = buffers;
  }

  get bytes(): number {
    return this.#partBytes + this.#text.length + this.#gatheredBytes;
  }

  /** latin1. */
  addText(text: string): void {
    if (this.#gatheredBytes === 0) {
      this.#text += text;
    } else if (text.length > copiedChunkBytes) {
      this.#sealTail();
      this.#text = text;
    } else {
      const at = this.#reserve(text.length);
      this.#gather?.write(text, at, 'latin1');
    }
  }

  /** At most `copiedChunkBytes`; they are copied. */
  addSmall(bytes: Buffer): void {
    if (this.#gatheredBytes === 0) this.#text += bytes.toString('latin1');
    else this.addPiece(bytes, 0, bytes.length);
  }

  /** The same for a part of a buffer, among others of its kind; at most `copiedPieceBytes`. */
  addPiece(bytes: Buffer, start: number, end: number): void {
    if (this.#text !== '') this.#sealTail();
    const at = this.#reserve(end - start);
    copyPiece(this.#gather ?? noBytes, at, bytes, start, end);
  }

  /** A part that stays as it is. */
  addPart(part: Buffer): void {
    this.#sealTail();
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  /** Only text: the usual case. Empty when there is something else. */
  takeText(): string {
    if (this.#partBytes > 0) return '';
    const text = this.#text;
    this.#text = '';
    return text;
  }

  /** Only gathered bytes; undefined when there is something else. `release` follows. */
  takeGathered(): Buffer | undefined {
    if (this.#partBytes > 0 || this.#gather === undefined) return undefined;
    const bytes = this.#gather.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    return bytes;
  }

  /** Everything, in order. `release` follows. */
  takeParts(): (Buffer | string)[] {
    this.#sealTail();
    const parts = this.#parts;
    this.#parts = [];
    this.#partBytes = 0;
    return parts;
  }

  /** What was gathered was written: the system has taken it, or reads from it until `onAllTaken`. */
  release(isTaken: boolean): void {
    if (this.#gather !== undefined) this.#fill(this.#gather);
    if (this.#inFlight === noBuffers) this.#inFlight = this.#filled;
    else this.#inFlight.push(...this.#filled);
    this.#filled = noBuffers;
    if (isTaken) this.onAllTaken();
  }

  /** Nothing that was written waits any more. */
  onAllTaken(): void {
    for (let buffer = this.#inFlight.pop(); buffer !== undefined; buffer = this.#inFlight.pop()) {
      this.#buffers.release(buffer);
    }
  }

  clear(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#text = '';
    this.#gatheredBytes = 0;
    this.#gather = undefined;
    this.#gatherStart = 0;
    this.#filled = noBuffers;
    // Nobody knows when the system is done with them.
    this.#inFlight = noBuffers;
  }

  /** Nothing more goes into it. */
  #fill(gather: Buffer): void {
    if (this.#filled === noBuffers) this.#filled = [];
    this.#filled.push(gather);
    this.#gather = undefined;
    this.#gatherStart = 0;
  }

  #sealTail(): void {
    if (this.#gatheredBytes > 0 && this.#gather !== undefined) {
      const end = this.#gatherStart + this.#gatheredBytes;
      this.#parts.push(this.#gather.subarray(this.#gatherStart, end));
      this.#partBytes += this.#gatheredBytes;
      this.#gatherStart = end;
      this.#gatheredBytes = 0;
    } else if (this.#text !== '') {
      this.#parts.push(this.#text);
      this.#partBytes += this.#text.length;
      this.#text = '';
    }
  }

  /** Room for that much, at most `copiedPieceBytes`; says where. */
  #reserve(byteCount: number): number {
    let at = this.#gatherStart + this.#gatheredBytes;
    if (this.#gather !== undefined && at + byteCount > this.#gather.length) {
      this.#sealTail();
      this.#fill(this.#gather);
      at = 0;
    }
    this.#gather ??= this.#buffers.take();
    this.#gatheredBytes += byteCount;
    return at;
  }
}
