const prefixBytes = 5;

/** Cuts the data of a gRPC stream into messages. */
export class GrpcFrames {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Length of the message that is being gathered, with its prefix; the prefix's own until that is known. */
  #wantedBytes = prefixBytes;

  /** Returns the messages that are whole now. */
  read(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const messages: Buffer[] = [];
    // Nothing is joined before a message is whole: a large one comes in hundreds of chunks.
    while (this.#bytes >= this.#wantedBytes) {
      const [first, ...others] = this.#chunks;
      const all = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#chunks);
      const wanted = prefixBytes + all.readUInt32BE(1);
      if (all.length >= wanted) {
        messages.push(all.subarray(prefixBytes, wanted));
        this.#chunks = [all.subarray(wanted)];
        this.#bytes = all.length - wanted;
        this.#wantedBytes = prefixBytes;
      } else {
        this.#chunks = [all];
        this.#wantedBytes = wanted;
      }
    }
    return messages;
  }
}
