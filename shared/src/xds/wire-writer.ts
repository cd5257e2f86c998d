const twoTo31 = 2_147_483_648;
const twoTo32 = 4_294_967_296;
const twoTo63 = 2 ** 63;
const twoTo64 = 2 ** 64;

/**
 * Writes the protobuf wire format from the last byte to the first: what a length prefix measures is there
 * before the prefix, so nested messages need neither a second pass nor a copy. Callers write fields,
 * list elements and map entries in reverse, and a value before its tag.
 */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(512);
  #start = 512;

  /** How much is written; the difference of two lengths is what lies between. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  finish(): Buffer {
    const message = Buffer.allocUnsafeSlow(this.length);
    this.#bytes.copy(message, 0, this.#start);
    return message;
  }

  tag(fieldNumber: number, wireType: number): void {
    this.uint32((fieldNumber << 3) | wireType);
  }

  uint32(value: number): void {
    this.#varint(value >>> 0, 0);
  }

  /** Negative values take ten bytes: they are sign-extended to 64 bits. */
  int32(value: number): void {
    this.#varint(value >>> 0, value < 0 ? 0xffff_ffff : 0);
  }

  sint32(value: number): void {
    this.uint32((value << 1) ^ (value >> 31));
  }

  /** Values at or above 2^64 (which is what 2^64-1 becomes as a double) are written as 2^64-1. */
  uint64(value: number): void {
    if (value >= twoTo64) this.#varint(0xffff_ffff, 0xffff_ffff);
    else this.#varint((value % twoTo32) >>> 0, Math.floor(value / twoTo32));
  }

  /** Saturates at 2^63-1 for the same reason as {@link uint64}. */
  int64(value: number): void {
    if (value >= twoTo63) return this.#varint(0xffff_ffff, 0x7fff_ffff);
    const high = Math.floor(value / twoTo32);
    this.#varint(value - high * twoTo32, high >>> 0);
  }

  sint64(value: number): void {
    const isNegative = value < 0;
    // One bit to the left in two halves: doubling and subtracting as a double would round.
    const magnitude = isNegative ? -(value + 1) : value;
    if (magnitude >= twoTo63) return this.#varint(isNegative ? 0xffff_ffff : 0xffff_fffe, 0xffff_ffff);
    const low = (magnitude % twoTo31) * 2 + (isNegative ? 1 : 0);
    this.#varint(low, Math.floor(magnitude / twoTo31));
  }

  bool(value: boolean): void {
    this.#varint(value ? 1 : 0, 0);
  }

  fixed32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
  }

  fixed64(value: number): void {
    const at = this.#reserve(8);
    const isMaximum = value >= twoTo64;
    this.#bytes.writeUInt32LE(isMaximum ? 0xffff_ffff : (value % twoTo32) >>> 0, at);
    this.#bytes.writeUInt32LE(isMaximum ? 0xffff_ffff : Math.floor(value / twoTo32), at + 4);
  }

  sfixed64(value: number): void {
    const at = this.#reserve(8);
    const isMaximum = value >= twoTo63;
    const high = Math.floor(value / twoTo32);
    this.#bytes.writeUInt32LE(isMaximum ? 0xffff_ffff : value - high * twoTo32, at);
    this.#bytes.writeInt32LE(isMaximum ? 0x7fff_ffff : high, at + 4);
  }

  float(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeFloatLE(value, at);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** Length and text. */
  string(value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.#reserve(length);
    this.#bytes.write(value, at, length);
    this.uint32(length);
  }

  /** Length and bytes. */
  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    this.uint32(value.length);
  }

  #varint(low: number, high: number): void {
    if (high === 0 && low < 128) {
      const at = this.#reserve(1);
      this.#bytes[at] = low;
      return;
    }
    let at = this.#reserve(varintSize(low, high));
    while (high !== 0 || low > 127) {
      this.#bytes[at] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
      at += 1;
    }
    this.#bytes[at] = low;
  }

  /** Where the next `count` bytes go. It may replace `#bytes`: call it before that is read. */
  #reserve(count: number): number {
    if (count > this.#start) {
      const used = this.length;
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, used + count));
      this.#bytes.copy(grown, grown.length - used, this.#start);
      this.#bytes = grown;
      this.#start = grown.length - used;
    }
    this.#start -= count;
    return this.#start;
  }
}

function varintSize(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  return Math.max(1, Math.ceil(bits / 7));
}
