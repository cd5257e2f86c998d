import { clientPreface, flagEndStream, frameHeaders } from '../../src/codec/http2/protocol.ts';

/** What came of requests: all frames of their streams, and those of heads; of HTTP/1.1 all bytes, and no heads. */
export interface Tally {
  wireBytes: number;
  headerBytes: number;
}

/** Takes an HTTP/2 connection apart, as it comes. */
export class FrameTally {
  readonly total: Tally;
  readonly #onEnd: (streamId: number) => void;
  #rest: Buffer = Buffer.alloc(0);
  #isServer: boolean;

  /** `isServer`: a preface comes first. `onEnd`: END_STREAM came. */
  constructor(
    isServer: boolean,
    onEnd: (streamId: number) => void,
    total: Tally = { wireBytes: 0, headerBytes: 0 },
  ) {
    this.#isServer = isServer;
    this.#onEnd = onEnd;
    this.total = total;
  }

  add(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk]);
    if (this.#isServer && bytes.length >= clientPreface.length) {
      bytes = bytes.subarray(clientPreface.length);
      this.#isServer = false;
    }
    while (!this.#isServer && bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#onFrame(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  #onFrame(frame: Buffer): void {
    const [type, flags, streamId] = [frame.readUInt8(3), frame.readUInt8(4), frame.readUInt32BE(5)];
    if (streamId === 0) return;
    this.total.wireBytes += frame.length;
    if (type === frameHeaders) this.total.headerBytes += frame.length;
    if (type <= frameHeaders && (flags & flagEndStream) !== 0) this.#onEnd(streamId);
  }
}
