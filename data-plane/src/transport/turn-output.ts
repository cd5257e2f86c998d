import { copyPiece, type GatherBuffers } from './gather-buffers.ts';

/** Up to here a buffer is copied into what the turn writes anyway; above, it is a part of a writev. */
export const copiedChunkBytes = 8 * 1024;
const noBytes = Buffer.alloc(0);

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
  #gatheredBytes = 0;
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

  /** The same for a part of a buffer, among others of its kind. */
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

  /** Only gathered bytes; undefined when there is something else. They are given back with `release`. */
  takeGathered(): Buffer | undefined {
    if (this.#partBytes > 0 || this.#gather === undefined) return undefined;
    const bytes = this.#gather.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    return bytes;
  }

  /** The system has taken all of the gathered bytes, or will read from them for a while. */
  release(isTaken: boolean): void {
    if (isTaken && this.#gather !== undefined) this.#buffers.release(this.#gather);
    this.#gather = undefined;
  }

  /** Everything, in order. */
  takeParts(): (Buffer | string)[] {
    this.#sealTail();
    const parts = this.#parts;
    this.clear();
    return parts;
  }

  clear(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#text = '';
    this.#gather = undefined;
    this.#gatheredBytes = 0;
  }

  #sealTail(): void {
    if (this.#gatheredBytes > 0 && this.#gather !== undefined) {
      this.#parts.push(this.#gather.subarray(0, this.#gatheredBytes));
      this.#partBytes += this.#gatheredBytes;
      this.#gather = undefined;
      this.#gatheredBytes = 0;
    } else if (this.#text !== '') {
      this.#parts.push(this.#text);
      this.#partBytes += this.#text.length;
      this.#text = '';
    }
  }

  /** Room for that much, at most `copiedChunkBytes`; says where. */
  #reserve(byteCount: number): number {
    if (this.#gather !== undefined && this.#gatheredBytes + byteCount > this.#gather.length) this.#sealTail();
    this.#gather ??= this.#buffers.take();
    const at = this.#gatheredBytes;
    this.#gatheredBytes += byteCount;
    return at;
  }
}
