import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { crc32c } from '../../src/transport/proxy-protocol/crc32c.ts';
import {
  buildBinary,
  buildTlv,
  ipv6Addresses,
  packAddresses,
  type BinaryFields,
} from '../../src/transport/proxy-protocol/testing/build-proxy-header.ts';

/** A header, good or bad. A request follows it. */
export interface Entry {
  /** Unique. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Everybody takes them, whole or in two pieces. */
export const validHeaders: readonly Entry[] = [
  line('TCP4', 'TCP4 1.2.3.4 5.6.7.8 1000 2000'),
  line('TCP6', 'TCP6 2001:db8::1 2001:db8::2 1000 2000'),
  line('UNKNOWN', 'UNKNOWN'),
  line('UNKNOWN and more', 'UNKNOWN ffff::1 ffff::2 65535 65535'),
  binary('TCP over IPv4', {}),
  binary('TCP over IPv6', { familyAndTransport: 0x21, addresses: ipv6Addresses }),
  binary('TLVs', { tlvs: [buildTlv(0x02, 'a.test'), buildTlv(0xea, ''), buildTlv(0x04, 'padding')] }),
  binary('LOCAL', { versionAndCommand: 0x20, familyAndTransport: 0, addresses: Buffer.alloc(0) }),
  { name: 'v2 right checksum', bytes: withChecksum() },
];

const lines: readonly (readonly [name: string, text: string])[] = [
  ['port 65535', 'TCP4 1.2.3.4 5.6.7.8 0 65535'],
  ['port 65536', 'TCP4 1.2.3.4 5.6.7.8 1000 65536'],
  ['port with a zero in front', 'TCP4 1.2.3.4 5.6.7.8 01000 2000'],
  ['port with a plus', 'TCP4 1.2.3.4 5.6.7.8 +1000 2000'],
  ['negative port', 'TCP4 1.2.3.4 5.6.7.8 -1 2000'],
  ['port with a letter', 'TCP4 1.2.3.4 5.6.7.8 1000x 2000'],
  ['no ports', 'TCP4 1.2.3.4 5.6.7.8'],
  ['one port', 'TCP4 1.2.3.4 5.6.7.8 1000'],
  ['three ports', 'TCP4 1.2.3.4 5.6.7.8 1000 2000 3000'],
  ['space at the end', 'TCP4 1.2.3.4 5.6.7.8 1000 2000 '],
  ['two spaces', 'TCP4  1.2.3.4 5.6.7.8 1000 2000'],
  ['a tab', 'TCP4\t1.2.3.4 5.6.7.8 1000 2000'],
  ['IPv4 with a zero in front', 'TCP4 01.2.3.4 5.6.7.8 1000 2000'],
  ['IPv4 of three parts', 'TCP4 1.2.3 5.6.7.8 1000 2000'],
  ['IPv4 that is too large', 'TCP4 1.2.3.256 5.6.7.8 1000 2000'],
  ['IPv6 as TCP4', 'TCP4 ::1 ::2 1000 2000'],
  ['IPv4 as TCP6', 'TCP6 1.2.3.4 5.6.7.8 1000 2000'],
  ['IPv6 in full', 'TCP6 2001:0db8:0000:0000:0000:0000:0000:0001 2001:db8::2 1000 2000'],
  ['IPv6 in upper case', 'TCP6 2001:DB8::1 2001:db8::2 1000 2000'],
  ['IPv4 in IPv6', 'TCP6 ::ffff:1.2.3.4 2001:db8::2 1000 2000'],
  ['IPv6 with a zone', 'TCP6 fe80::1%lo 2001:db8::2 1000 2000'],
  ['IPv6 in brackets', 'TCP6 [2001:db8::1] [2001:db8::2] 1000 2000'],
  ['unspecified IPv4', 'TCP4 0.0.0.0 5.6.7.8 1000 2000'],
  ['broadcast', 'TCP4 1.2.3.4 255.255.255.255 1000 2000'],
  ['multicast IPv4', 'TCP4 224.0.0.1 5.6.7.8 1000 2000'],
  ['unspecified IPv6', 'TCP6 :: 2001:db8::2 1000 2000'],
  ['multicast IPv6', 'TCP6 ff02::1 2001:db8::2 1000 2000'],
  ['a host name', 'TCP4 localhost 5.6.7.8 1000 2000'],
  ['UDP4', 'UDP4 1.2.3.4 5.6.7.8 1000 2000'],
  ['lower case', 'tcp4 1.2.3.4 5.6.7.8 1000 2000'],
  ['nothing', ''],
  ['UNKNOWN with a letter behind', 'UNKNOWNS'],
  ['UNKNOWN of 107 bytes', `UNKNOWN ${'x'.repeat(91)}`],
  ['UNKNOWN of 108 bytes', `UNKNOWN ${'x'.repeat(92)}`],
  ['UNKNOWN of 300 bytes', `UNKNOWN ${'x'.repeat(284)}`],
];

const binaries: readonly (readonly [name: string, fields: BinaryFields])[] = [
  ['UDP', { familyAndTransport: 0x12 }],
  ['LOCAL with addresses', { versionAndCommand: 0x20 }],
  ['version 1', { versionAndCommand: 0x11 }],
  ['version 3', { versionAndCommand: 0x31 }],
  ['command 2', { versionAndCommand: 0x22 }],
  ['unspecified family', { familyAndTransport: 0, addresses: Buffer.alloc(0) }],
  ['unspecified transport', { familyAndTransport: 0x10 }],
  ['transport 3', { familyAndTransport: 0x13 }],
  ['Unix sockets', { familyAndTransport: 0x31, addresses: Buffer.alloc(216) }],
  ['family 4', { familyAndTransport: 0x41 }],
  ['too short for IPv4', { addresses: Buffer.alloc(11, 1) }],
  ['too short for IPv6', { familyAndTransport: 0x21 }],
  ['no addresses', { addresses: Buffer.alloc(0) }],
  ['unspecified address', { addresses: packAddresses([0, 0, 0, 0], [5, 6, 7, 8], 1, 2) }],
  ['multicast address', { addresses: packAddresses([224, 0, 0, 1], [5, 6, 7, 8], 1, 2) }],
  ['broadcast address', { addresses: packAddresses([1, 2, 3, 4], [255, 255, 255, 255], 1, 2) }],
  ['TLV of one byte', { tlvs: [Buffer.from([4])] }],
  ['TLV of two bytes', { tlvs: [Buffer.from([4, 0])] }],
  ['TLV that is cut off', { tlvs: [Buffer.from([4, 0, 2, 1])] }],
  ['TLV of nothing', { tlvs: [buildTlv(4, '')] }],
  ['wrong checksum', { tlvs: [buildTlv(3, 'abcd')] }],
  ['checksum of three bytes', { tlvs: [buildTlv(3, 'abc')] }],
  ['TLV of 3,000 bytes', { tlvs: [buildTlv(4, Buffer.alloc(3000))] }],
  ['TLV of 20,000 bytes', { tlvs: [buildTlv(4, Buffer.alloc(20_000))] }],
];

const request = Buffer.from('GET / HTTP/1.1\r\n');

const otherHeaders: readonly Entry[] = [
  ...lines.map(([name, text]) => line(name, text)),
  ...binaries.map(([name, fields]) => binary(name, fields)),
  { name: 'no header', bytes: Buffer.alloc(0) },
  {
    name: 'v1 line that ends without a return',
    bytes: Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\n'),
  },
  { name: 'v1 line that ends without a feed', bytes: Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r') },
  { name: 'v1 behind a line', bytes: Buffer.concat([request, Buffer.from('PROXY UNKNOWN\r\n')]) },
  { name: 'v1 after v2', bytes: Buffer.concat([buildBinary(), Buffer.from('PROXY UNKNOWN\r\n')]) },
  {
    name: 'v2 with a byte too many in its signature',
    bytes: Buffer.concat([Buffer.from('\r'), buildBinary()]),
  },
];

/** Fixed headers, and valid ones with every byte changed to two others. */
export function buildCorpus(): readonly Entry[] {
  const rng = createSeededRng(1);
  const changed = validHeaders.flatMap(({ name, bytes }) =>
    Array.from(bytes).flatMap((byte, at) =>
      [0, 1].map((round): Entry => {
        const copy = Buffer.from(bytes);
        copy[at] = (byte + 1 + randomInteger(rng, 255)) & 0xff;
        return { name: `${name}, byte ${at} changed (${round})`, bytes: copy };
      }),
    ),
  );
  return [...validHeaders, ...otherHeaders, ...changed];
}

function line(name: string, text: string): Entry {
  return { name: `v1 ${name}`, bytes: Buffer.from(`PROXY ${text}\r\n`) };
}

function binary(name: string, fields: BinaryFields): Entry {
  return { name: `v2 ${name}`, bytes: buildBinary(fields) };
}

function withChecksum(): Buffer {
  const header = buildBinary({ tlvs: [buildTlv(3, Buffer.alloc(4))] });
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}
