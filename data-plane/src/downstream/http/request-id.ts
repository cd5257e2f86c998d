import type { Rng } from '@heddle/shared/random/rng';

const idLength = 36;
const highDigits = digitsOf((byte) => byte >> 4);
const lowDigits = digitsOf((byte) => byte & 0x0f);

/**
 * Makes the `x-request-id`s of one manager: UUIDs of version 4 (RFC 9562), 122 random bits each. Put together as bytes:
 * of pieces of text V8 would make a tree, and walk through it where the header is written.
 */
export class RequestIds {
  readonly #rng: Rng;
  readonly #bytes = Buffer.alloc(idLength, '-');

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  next(): string {
    const a = random32(this.#rng);
    const b = random32(this.#rng);
    const c = random32(this.#rng);
    const d = random32(this.#rng);
    this.#write(0, a >>> 16);
    this.#write(4, a);
    this.#write(9, b >>> 16);
    this.#write(14, (b & 0x0fff) | 0x4000);
    this.#write(19, ((c >>> 16) & 0x3fff) | 0x8000);
    this.#write(24, c);
    this.#write(28, d >>> 16);
    this.#write(32, d);
    return this.#bytes.toString('latin1', 0, idLength);
  }

  /** The low 16 bits of `value`, as four digits. */
  #write(at: number, value: number): void {
    const bytes = this.#bytes;
    const high = (value >>> 8) & 0xff;
    const low = value & 0xff;
    bytes[at] = highDigits[high] as number;
    bytes[at + 1] = lowDigits[high] as number;
    bytes[at + 2] = highDigits[low] as number;
    bytes[at + 3] = lowDigits[low] as number;
  }
}

function digitsOf(halfOf: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => halfOf(byte).toString(16).charCodeAt(0));
}

function random32(rng: Rng): number {
  return (rng.next() * 4_294_967_296) >>> 0;
}
