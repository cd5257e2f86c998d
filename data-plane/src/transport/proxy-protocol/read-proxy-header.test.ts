import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../config/model/address.ts';
import { crc32c } from './crc32c.ts';
import { possibleVersions } from './proxy-header.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import { buildBinary, buildTlv, ipv6Addresses, packAddresses } from './testing/build-proxy-header.ts';

/** `broken`, `incomplete`, `own` for the addresses of the connection, or those of the header. */
function read(bytes: string | Buffer): string {
  const all = Buffer.from(bytes);
  const [version] = possibleVersions(all);
  if (version === undefined) return 'none';
  const reading = readProxyHeader(version, all);
  if (reading.kind !== 'header') return reading.kind;
  const { addresses } = reading.header;
  if (addresses === undefined) return 'own';
  return `${formatAddress(addresses.source)} > ${formatAddress(addresses.destination)}`;
}

const ipv4 = '1.2.3.4:1000 > 5.6.7.8:2000';

test('lines of version 1', () => {
  assert.equal(read('PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n'), ipv4);
  assert.equal(read('PROXY TCP6 2001:db8:0::1 ::2 0 65535\r\n'), '[2001:db8::1]:0 > [::2]:65535');
  for (const rest of ['', ' ', ' anything at all', ` ${'x'.repeat(91)}`]) {
    assert.equal(read(`PROXY UNKNOWN${rest}\r\n`), 'own');
  }
  for (const line of [
    'TCP4',
    'TCP4 1.2.3.4',
    'TCP4 1.2.3.4 5.6.7.8 1000',
    'TCP4 1.2.3.4 5.6.7.8 1000 2000 3000',
    'TCP4 1.2.3.4 5.6.7.8 1000 2000 ',
    'TCP4  1.2.3.4 5.6.7.8 1000 2000',
    'TCP4\t1.2.3.4 5.6.7.8 1000 2000',
    'TCP4 1.2.3.4 5.6.7.8 1000 65536',
    'TCP4 1.2.3.4 5.6.7.8 01000 2000',
    'TCP4 1.2.3.4 5.6.7.8 +1000 2000',
    'TCP4 1.2.3.4 5.6.7.8 -1 2000',
    'TCP4 1.2.3 5.6.7.8 1000 2000',
    'TCP4 01.2.3.4 5.6.7.8 1000 2000',
    'TCP4 ::1 ::2 1000 2000',
    'TCP6 1.2.3.4 5.6.7.8 1000 2000',
    'TCP6 fe80::1%lo ::2 1000 2000',
    'TCP6 [::1] [::2] 1000 2000',
    'TCP4 0.0.0.0 5.6.7.8 1000 2000',
    'TCP4 1.2.3.4 255.255.255.255 1000 2000',
    'TCP4 224.0.0.1 5.6.7.8 1000 2000',
    'TCP6 :: ::1 1000 2000',
    'TCP6 ::1 ff02::1 1000 2000',
    'UDP4 1.2.3.4 5.6.7.8 1000 2000',
    'tcp4 1.2.3.4 5.6.7.8 1000 2000',
    'UNKNOWNS',
    '',
  ]) {
    assert.equal(read(`PROXY ${line}\r\n`), 'broken', line);
  }
  assert.equal(read(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'broken', '108 bytes');
  assert.equal(read(`PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\n`), 'incomplete');
});

test('headers of version 2', () => {
  assert.equal(read(buildBinary()), ipv4);
  assert.equal(read(buildBinary({ familyAndTransport: 0x12 })), ipv4);
  const ipv6 = { familyAndTransport: 0x21, addresses: ipv6Addresses };
  assert.equal(read(buildBinary(ipv6)), '[2001:db8::1]:1000 > [2001:db8::2]:2000');
  const none = Buffer.alloc(0);
  assert.equal(read(buildBinary({ versionAndCommand: 0x20, familyAndTransport: 0, addresses: none })), 'own');
  assert.equal(read(buildBinary({ versionAndCommand: 0x20 })), 'own');
  assert.equal(read(buildBinary({ tlvs: [buildTlv(4, 'abc'), buildTlv(0xea, '')] })), ipv4);
  for (const fields of [
    { versionAndCommand: 0x11 },
    { versionAndCommand: 0x22 },
    { familyAndTransport: 0 },
    { familyAndTransport: 0x10 },
    { familyAndTransport: 0x13 },
    { familyAndTransport: 0x31, addresses: Buffer.alloc(216) },
    { familyAndTransport: 0x21 },
    { length: 11 },
    { tlvs: [Buffer.from([4])] },
    { tlvs: [Buffer.from([4, 0])] },
    { tlvs: [Buffer.from([4, 0, 2, 1])] },
    { addresses: packAddresses([224, 0, 0, 1], [5, 6, 7, 8], 1, 2) },
    { addresses: packAddresses([0, 0, 0, 0], [5, 6, 7, 8], 1, 2) },
  ]) {
    assert.equal(read(buildBinary(fields)), 'broken', JSON.stringify(fields));
  }
});

test('a checksum must be right', () => {
  // The check value of the polynomial.
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  const header = buildBinary({ tlvs: [buildTlv(3, Buffer.alloc(4)), buildTlv(4, 'x')] });
  assert.equal(read(header), 'broken');
  header.writeUInt32BE(crc32c(header), 16 + 12 + 3);
  assert.equal(read(header), ipv4);
  assert.equal(read(buildBinary({ tlvs: [buildTlv(3, 'abc')] })), 'broken');
});

test('a header that is cut anywhere is incomplete; what follows it is not touched', () => {
  const headers = [
    Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n'),
    Buffer.from('PROXY UNKNOWN\r\n'),
    buildBinary({ tlvs: [buildTlv(4, 'abc')] }),
    buildBinary({ familyAndTransport: 0x21, addresses: ipv6Addresses }),
    buildBinary({ versionAndCommand: 0x20 }),
  ];
  for (const header of headers) {
    for (let length = 1; length < header.length; length++) {
      assert.equal(read(header.subarray(0, length)), 'incomplete', `${length} of ${header.toString('hex')}`);
    }
    const [version] = possibleVersions(header);
    assert.ok(version !== undefined);
    const reading = readProxyHeader(version, Buffer.concat([header, Buffer.from('\r\nrest')]));
    assert.equal(reading.kind === 'header' && reading.header.byteCount, header.length);
  }
});
