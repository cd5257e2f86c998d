/** One value of DER (X.690). */
export interface DerElement {
  readonly tag: number;
  readonly body: Buffer;
}

export const empty = Buffer.alloc(0);

/** The elements one after the other; those from a broken one on are left out. */
export function children(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const elementTag = bytes.readUInt8(at);
    let bodyBytes = bytes.readUInt8(at + 1);
    at += 2;
    if (bodyBytes > 0x80) {
      const lengthBytes = bodyBytes - 0x80;
      if (lengthBytes > 4 || at + lengthBytes > bytes.length) break;
      bodyBytes = bytes.readUIntBE(at, lengthBytes);
      at += lengthBytes;
    }
    if (at + bodyBytes > bytes.length) break;
    elements.push({ tag: elementTag, body: bytes.subarray(at, at + bodyBytes) });
    at += bodyBytes;
  }
  return elements;
}

/** `2.5.29.17` of the body of an object identifier. */
export function toDottedOid(body: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}
