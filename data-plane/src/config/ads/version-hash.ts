const mask = (1n << 64n) - 1n;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

/**
 * The statistic `version`: xxHash64 of the version's text with seed 0, as Envoy has it, so that two proxies with the
 * same configuration show the same number. As a double, which is what Prometheus makes of it. Costs microseconds a
 * word. Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
export function hashVersion(version: string): number {
  return Number(xxHash64(Buffer.from(version, 'utf8')));
}

function xxHash64(bytes: Buffer): bigint {
  let at = 0;
  let hash = prime5;
  if (bytes.length >= 32) {
    let lanes = [prime1 + prime2, prime2, 0n, -prime1].map((lane) => lane & mask);
    for (; at + 32 <= bytes.length; at += 32) {
      const start = at;
      lanes = lanes.map((lane, index) => round(lane, bytes.readBigUInt64LE(start + index * 8)));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, index) => sum + rotate(lanes[index] ?? 0n, bits), 0n) & mask;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * prime1 + prime4) & mask;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * prime1 + prime4) & mask;
  }
  if (at + 4 <= bytes.length) {
    const word = BigInt(bytes.readUInt32LE(at)) * prime1;
    hash = (rotate(hash ^ (word & mask), 23n) * prime2 + prime3) & mask;
    at += 4;
  }
  for (const byte of bytes.subarray(at)) {
    hash = (rotate(hash ^ ((BigInt(byte) * prime5) & mask), 11n) * prime1) & mask;
  }
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, word: bigint): bigint {
  return (rotate((lane + word * prime2) & mask, 31n) * prime1) & mask;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}
