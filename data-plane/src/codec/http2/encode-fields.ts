import type { HeaderMap } from '../header-map.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';

const colon = 0x3a;

/** Fields of one hop in HTTP/1.1; `:authority` says what `host` says (RFC 9113, 8.2.2 and 8.3.1). */
const notWritten: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Writes a header map as one block: pseudo-headers first, wherever they stand. Returns the bytes of names and values. */
export function encodeFields(headers: HeaderMap, encoder: HpackEncoder): number {
  const { size, neverIndexed } = headers;
  let fieldBytes = 0;
  for (let index = 0; index < size; index++) {
    const name = headers.nameAt(index);
    if (name.charCodeAt(0) === colon) {
      const value = headers.valueAt(index);
      fieldBytes += name.length + value.length;
      encoder.add(name, value, neverIndexed?.has(name) ?? false);
    }
  }
  for (let index = 0; index < size; index++) {
    const name = headers.nameAt(index);
    if (name.charCodeAt(0) === colon || notWritten.has(name)) continue;
    const value = headers.valueAt(index);
    if (name === 'te' && value !== 'trailers') continue;
    fieldBytes += name.length + value.length;
    encoder.add(name, value, neverIndexed?.has(name) ?? false);
  }
  return fieldBytes;
}
