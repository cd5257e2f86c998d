import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { readClientHello } from './client-hello.ts';

/** What Node's TLS library really sends first. */
function clientHello(options: { servername?: string; ALPNProtocols?: string[]; maxVersion?: 'TLSv1.2' }) {
  return new Promise<Buffer>((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket: wire, rejectUnauthorized: false, ...options }).on('error', () => undefined);
  });
}

/** The same handshake message in records of so many bytes. */
function inRecords(hello: Buffer, recordBytes: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += recordBytes) {
    const fragment = hello.subarray(at, at + recordBytes);
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(fragment.length, 3);
    records.push(header, fragment);
  }
  return Buffer.concat(records);
}

test('SNI and ALPN of a real ClientHello, whatever it is cut into', async () => {
  const bytes = await clientHello({ servername: 'A.Example.test', ALPNProtocols: ['h2', 'http/1.1'] });
  const hello = { serverName: 'a.example.test', applicationProtocols: ['h2', 'http/1.1'] };
  assert.deepEqual(readClientHello(bytes), { kind: 'hello', hello, byteCount: bytes.length });
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(readClientHello(bytes.subarray(0, length)).kind, 'incomplete', `${length} bytes`);
  }
  for (const recordBytes of [1, 2, 3, 4, 5, 100]) {
    const split = inRecords(bytes, recordBytes);
    assert.deepEqual(readClientHello(split), { kind: 'hello', hello, byteCount: split.length });
    assert.equal(readClientHello(split.subarray(0, -1)).kind, 'incomplete');
  }
  const followed = Buffer.concat([bytes, Buffer.from('early data')]);
  assert.deepEqual(readClientHello(followed), { kind: 'hello', hello, byteCount: bytes.length });
});

test('a client that names nothing', async () => {
  for (const options of [{}, { maxVersion: 'TLSv1.2' as const }]) {
    const reading = readClientHello(await clientHello(options));
    assert.deepEqual(reading.kind === 'hello' && reading.hello, { serverName: '', applicationProtocols: [] });
  }
});

test('plain text is known by its first byte, other garbage as soon as it shows', async () => {
  const bytes = await clientHello({ servername: 'a.test' });
  assert.equal(readClientHello(Buffer.from('G')).kind, 'none');
  assert.equal(readClientHello(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).kind, 'none');
  assert.equal(readClientHello(Buffer.from([22, 2])).kind, 'none');
  // No record is empty or above 16 KiB, and the first message of a client is its ClientHello.
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 0])).kind, 'none');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0x40, 1])).kind, 'none');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 9, 2])).kind, 'none');
  const second = Buffer.concat([inRecords(bytes, 50).subarray(0, 55), Buffer.from([23, 3, 3])]);
  assert.equal(readClientHello(second).kind, 'none');
});

test('no bytes make it throw, or read beyond them', async () => {
  const bytes = await clientHello({ servername: 'a.test', ALPNProtocols: ['h2'] });
  const rng = createSeededRng(5);
  for (let round = 0; round < 20_000; round++) {
    const broken = Buffer.from(bytes);
    for (let count = randomInteger(rng, 4) + 1; count > 0; count--) {
      broken[randomInteger(rng, broken.length)] = randomInteger(rng, 256);
    }
    const reading = readClientHello(broken.subarray(0, randomInteger(rng, broken.length) + 1));
    if (reading.kind === 'hello') assert.ok(reading.byteCount <= broken.length);
  }
});
