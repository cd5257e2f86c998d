import { GrpcFrames } from './grpc-frames.ts';

const groupBytes = 4;
/** Whole groups; a padded one ends a piece, and another piece may follow. */
const pieces = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)*$/;

/** Base64 that comes in any chunks: pieces with their padding, one behind the other (gRPC-Web, "grpc-web-text"). */
export class Base64Decoder {
  /** Less than a group. */
  #rest = '';

  /** Bytes of the groups that are whole by now, or undefined: this is not base64. */
  decode(chunk: Buffer): Buffer | undefined {
    const text = this.#rest + chunk.toString('latin1');
    const wholeLength = text.length - (text.length % groupBytes);
    this.#rest = text.slice(wholeLength);
    const whole = this.#rest === '' ? text : text.slice(0, wholeLength);
    if (!pieces.test(whole)) return undefined;
    // Behind padding Node would stop.
    const ends = whole.includes('=') ? whole.split(/(?<==)(?!=)/) : [whole];
    return Buffer.concat(ends.map((piece) => Buffer.from(piece, 'base64')));
  }

  /** A group is incomplete. */
  get hasRest(): boolean {
    return this.#rest !== '';
  }
}

/**
 * Messages as base64: each of them padded at its end, so that a client can read it before the next one is there.
 * Of a message that is under way no more than two bytes wait.
 */
export class Base64MessageEncoder {
  readonly #frames = new GrpcFrames();
  #rest: Buffer = noBytes;

  /** What can be said of the messages by now; may be nothing. */
  encode(chunk: Buffer): Buffer {
    let text = '';
    for (let at = 0; at < chunk.length;) {
      const end = this.#frames.advance(chunk, at);
      text += this.#encodePart(chunk.subarray(at, end));
      if (this.#frames.isBetween) text += this.#takeRest();
      at = end;
    }
    return Buffer.from(text, 'latin1');
  }

  /** The end, with `last` as one more message: it is whole. */
  finish(last: Buffer = noBytes): Buffer {
    return Buffer.from(this.#takeRest() + last.toString('base64'), 'latin1');
  }

  #encodePart(part: Buffer): string {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    const wholeLength = bytes.length - (bytes.length % 3);
    this.#rest = Buffer.from(bytes.subarray(wholeLength));
    return bytes.toString('base64', 0, wholeLength);
  }

  #takeRest(): string {
    const text = this.#rest.toString('base64');
    this.#rest = noBytes;
    return text;
  }
}

const noBytes = Buffer.alloc(0);
