const headEnd = Buffer.from('\r\n\r\n');

/**
 * Counts whole HTTP/1.1 messages with a content-length (none: no body) in the chunks of a connection. Enough for
 * peers that we start ourselves; throws at chunked bodies.
 */
export class MessageReader {
  /** Start of a head that is not complete yet. */
  #head: Buffer | undefined;
  #bodyBytesLeft = 0;

  /** Returns how many messages the chunk completed. */
  read(chunk: Buffer): number {
    let rest = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    this.#head = undefined;
    let completed = 0;
    while (rest.length > 0) {
      if (this.#bodyBytesLeft > 0) {
        const taken = Math.min(this.#bodyBytesLeft, rest.length);
        this.#bodyBytesLeft -= taken;
        rest = rest.subarray(taken);
        if (this.#bodyBytesLeft === 0) completed += 1;
        continue;
      }
      const end = rest.indexOf(headEnd);
      if (end < 0) {
        this.#head = rest;
        return completed;
      }
      this.#bodyBytesLeft = contentLengthOf(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + headEnd.length);
      if (this.#bodyBytesLeft === 0) completed += 1;
    }
    return completed;
  }
}

function contentLengthOf(head: string): number {
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error(`a body without content-length:\n${head}`);
  return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}
