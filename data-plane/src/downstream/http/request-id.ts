import type { Rng } from '@heddle/shared/random/rng';

const byteTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A UUID of version 4 (RFC 9562): 122 random bits, for `x-request-id`. */
export function createRequestId(rng: Rng): string {
  const a = random32(rng);
  const b = random32(rng);
  const c = random32(rng);
  const d = random32(rng);
  return (
    `${byteText(a >>> 24)}${byteText(a >>> 16)}${byteText(a >>> 8)}${byteText(a)}-` +
    `${byteText(b >>> 24)}${byteText(b >>> 16)}-${byteText(((b >>> 8) & 0x0f) | 0x40)}${byteText(b)}-` +
    `${byteText(((c >>> 24) & 0x3f) | 0x80)}${byteText(c >>> 16)}-` +
    `${byteText(c >>> 8)}${byteText(c)}${byteText(d >>> 24)}${byteText(d >>> 16)}${byteText(d >>> 8)}${byteText(d)}`
  );
}

function random32(rng: Rng): number {
  return (rng.next() * 4_294_967_296) >>> 0;
}

function byteText(value: number): string {
  return byteTexts[value & 0xff] ?? '';
}
