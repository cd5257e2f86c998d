import { isUtf8 } from 'node:buffer';

/** Bytes that are not a message of the type that was expected. `path` grows on the way out of nested messages. */
export class WireError extends Error {
  path = '';

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'WireError';
  }

  /** The same error, seen from the message around it. */
  within(segment: string): this {
    this.path = this.path === '' ? segment : `${segment}.${this.path}`;
    return this;
  }
}

const twoTo32 = 4_294_967_296;

/** How deep messages may nest, as in the other implementations: bytes from a peer must not use up the stack. */
export const maxDepth = 100;

/**
 * Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding/).
 * 64-bit integers become numbers: exact up to 2^53, the nearest double beyond.
 */
export class WireReader {
  readonly #bytes: Buffer;
  position = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Low 32 bits of a varint, unsigned. The high ones, if any, are dropped as the format demands. */
  uint32(): number {
    const bytes = this.#bytes;
    const first = bytes[this.position];
    if (first !== undefined && first < 128) {
      this.position += 1;
      return first;
    }
    return this.#varint();
  }

  int32(): number {
    return this.uint32() | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  uint64(): number {
    const low = this.#varint();
    return this.#high * twoTo32 + low;
  }

  int64(): number {
    const low = this.#varint();
    return (this.#high | 0) * twoTo32 + low;
  }

  sint64(): number {
    const low = this.#varint();
    const high = this.#high;
    const half = (high >>> 1) * twoTo32 + (((high << 31) | (low >>> 1)) >>> 0);
    return (low & 1) === 0 ? half : -half - 1;
  }

  bool(): boolean {
    const low = this.#varint();
    return low !== 0 || this.#high !== 0;
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  sfixed32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  fixed64(): number {
    const start = this.#take(8);
    return this.#bytes.readUInt32LE(start + 4) * twoTo32 + this.#bytes.readUInt32LE(start);
  }

  sfixed64(): number {
    const start = this.#take(8);
    return this.#bytes.readInt32LE(start + 4) * twoTo32 + this.#bytes.readUInt32LE(start);
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  string(): string {
    const length = this.uint32();
    const start = this.#take(length);
    const text = this.#bytes.toString('utf8', start, start + length);
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw new WireError('a string is not UTF-8', start);
    }
    return text;
  }

  /** A view of the input: whoever keeps it keeps the whole message. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Reads a length and returns where what it measures ends. */
  end(): number {
    const length = this.uint32();
    const start = this.#take(length);
    this.position = start;
    return start + length;
  }

  /** Passes over a value of the given wire type, groups included. */
  skip(wireType: number, fieldNumber: number, depth = 0): void {
    switch (wireType) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#take(8);
        return;
      case 2:
        this.#take(this.uint32());
        return;
      case 3:
        if (depth > maxDepth) throw new WireError('groups are nested too deeply', this.position);
        for (;;) {
          const tag = this.uint32();
          if ((tag & 7) === 4) {
            if (tag >>> 3 !== fieldNumber)
              throw new WireError('a group ends that was not begun', this.position);
            return;
          }
          this.skip(tag & 7, tag >>> 3, depth + 1);
        }
      case 5:
        this.#take(4);
        return;
      default:
        throw new WireError(`wire type ${wireType} is not allowed here`, this.position);
    }
  }

  #take(count: number): number {
    const start = this.position;
    if (count > this.#bytes.length - start) throw new WireError('the message is cut off', start);
    this.position = start + count;
    return start;
  }

  #varint(): number {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.position];
      if (byte === undefined) throw new WireError('the message is cut off', this.position);
      this.position += 1;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    throw new WireError('a number has more than ten bytes', this.position);
  }
}
