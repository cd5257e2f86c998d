/**
 * A block that is not much longer than a list may be is still read, so that its message can be refused alone; its
 * fields count 32 bytes more in the list than in the block, and Huffman code may lengthen them.
 */
const blockBytesPerListByte = 2;

/** A header block in pieces: HEADERS and its CONTINUATIONs (RFC 9113, 4.3). */
export class HeaderBlock {
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** `maxListBytes`: of the header list. */
  constructor(maxListBytes: number) {
    this.#maxBytes = maxListBytes * blockBytesPerListByte;
  }

  /** False: so long that the connection is not worth keeping. */
  append(bytes: Buffer, start: number, end: number): boolean {
    const neededBytes = this.#length + end - start;
    if (neededBytes > this.#maxBytes) return false;
    if (neededBytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(2048, neededBytes, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length, start, end);
    this.#length = neededBytes;
    return true;
  }

  /** The whole block; its memory is given up with it. */
  take(): Buffer {
    const block = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return block;
  }
}
