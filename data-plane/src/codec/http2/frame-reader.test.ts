import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { clientPreface } from './protocol.ts';
import { buildFrame } from './testing/build-frame.ts';

/** Writes down what it is told; gives the connection up after `patience` calls. */
class Recorder implements FrameHandler {
  readonly events: string[] = [];
  patience = Infinity;
  #data = '';

  onDataFrame(streamId: number, flags: number, payloadBytes: number): boolean {
    this.#data = `DATA ${streamId} flags ${flags} of ${payloadBytes}: `;
    return this.#note();
  }
  onDataPart(chunk: Buffer): boolean {
    this.#data += chunk.toString('latin1');
    return true;
  }
  onDataFrameEnd(): boolean {
    this.events.push(this.#data);
    return true;
  }
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    this.events.push(`${type} flags ${flags} on ${streamId}: ${bytes.toString('latin1', start, end)}`);
    return this.#note();
  }
  onFramingError(code: number, detail: string): void {
    this.events.push(`error ${code}: ${detail}`);
  }
  #note(): boolean {
    return --this.patience > 0;
  }
}

function read(bytes: Buffer, chunkBytes: number, expectsPreface = false, patience = Infinity): string[] {
  const recorder = new Recorder();
  recorder.patience = patience;
  const reader = new FrameReader(recorder, expectsPreface);
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.dispatch(bytes.subarray(at, at + chunkBytes));
  return recorder.events;
}

test('frames come out alike, however the bytes are cut', () => {
  const bytes = Buffer.concat([
    Buffer.from(clientPreface, 'latin1'),
    buildFrame(4, 0, 0, Buffer.alloc(0)),
    buildFrame(1, 4, 1, 'block'),
    buildFrame(0, 0, 1, 'hello'),
    buildFrame(0, 8, 1, '\x03padded\0\0\0'),
    buildFrame(0, 8, 1, '\x05\0\0\0\0\0'),
    buildFrame(0, 1, 1, ''),
    buildFrame(0xfa, 0, 77, 'of a type that nobody knows'),
    buildFrame(6, 1, 0, '12345678'),
    buildFrame(8, 0, 2 ** 31 - 1, '\0\0\0\x05'),
  ]);
  const expected = [
    '4 flags 0 on 0: ',
    '1 flags 4 on 1: block',
    'DATA 1 flags 0 of 5: hello',
    'DATA 1 flags 8 of 10: padded',
    'DATA 1 flags 8 of 6: ',
    'DATA 1 flags 1 of 0: ',
    '250 flags 0 on 77: ',
    '6 flags 1 on 0: 12345678',
    '8 flags 0 on 2147483647: \0\0\0\x05',
  ];
  for (let chunkBytes = 1; chunkBytes <= bytes.length; chunkBytes++) {
    assert.deepEqual(read(bytes, chunkBytes, true), expected, `in chunks of ${chunkBytes}`);
  }
});

test('what contradicts its own header is an error of the connection', () => {
  const cases: readonly (readonly [Buffer, string])[] = [
    [buildFrame(0, 0, 0, 'x'), 'error 1'],
    [buildFrame(0, 8, 1, ''), 'error 6'],
    [buildFrame(0, 8, 1, '\x01'), 'error 1'],
    [buildFrame(1, 4, 0, 'x'), 'error 1'],
    [buildFrame(9, 4, 0, 'x'), 'error 1'],
    [buildFrame(5, 4, 0, 'xxxx'), 'error 1'],
    [buildFrame(2, 0, 0, 'xxxxx'), 'error 1'],
    [buildFrame(3, 0, 0, 'xxxx'), 'error 1'],
    [buildFrame(3, 0, 1, 'xxx'), 'error 6'],
    [buildFrame(4, 0, 1, ''), 'error 1'],
    [buildFrame(4, 0, 0, 'xxxxx'), 'error 6'],
    [buildFrame(4, 1, 0, 'xxxxxx'), 'error 6'],
    [buildFrame(6, 0, 0, 'xxxxxxx'), 'error 6'],
    [buildFrame(6, 0, 1, 'xxxxxxxx'), 'error 1'],
    [buildFrame(7, 0, 0, 'xxxx'), 'error 6'],
    [buildFrame(7, 0, 1, 'xxxxxxxx'), 'error 1'],
    [buildFrame(8, 0, 0, 'xxx'), 'error 6'],
    [buildFrame(0, 0, 1, 'x'.repeat(16_385)), 'error 6'],
    [buildFrame(0xfa, 0, 1, 'x'.repeat(16_385)), 'error 6'],
  ];
  for (const [bytes, error] of cases) {
    for (const chunkBytes of [1, bytes.length]) {
      const events = read(Buffer.concat([bytes, buildFrame(6, 0, 0, '12345678')]), chunkBytes);
      const errors = events.filter((event) => event.startsWith('error'));
      assert.equal(errors.length, 1, String(events));
      assert.ok(errors[0]?.startsWith(`${error}:`), `${String(errors)}, not ${error}`);
      assert.ok(!events.some((event) => event.startsWith('6')), 'it reads on');
    }
  }
});

test('another preface is refused at its first byte that differs', () => {
  assert.deepEqual(read(Buffer.from('GET / HTTP/1.1\r\n'), 1, true), ['error 1: bad connection preface']);
  assert.deepEqual(read(Buffer.from(clientPreface.slice(0, 23)), 5, true), []);
});

test('a handler that gives the connection up hears nothing more', () => {
  const bytes = Buffer.concat([buildFrame(6, 0, 0, '12345678'), buildFrame(6, 0, 0, '12345678')]);
  assert.equal(read(bytes, bytes.length, false, 1).length, 1);
});
