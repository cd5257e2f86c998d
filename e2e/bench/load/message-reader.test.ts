import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageReader } from './message-reader.ts';

const messages = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
    'HTTP/1.1 204 No Content\r\n\r\n' +
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\n\r\n\r\n',
);

test('counts whole messages, wherever chunks end', () => {
  for (let size = 1; size <= messages.length; size++) {
    const reader = new MessageReader();
    let count = 0;
    for (let start = 0; start < messages.length; start += size) {
      count += reader.read(messages.subarray(start, start + size));
    }
    assert.equal(count, 3, `chunks of ${size}`);
  }
});

test('refuses a body whose length it cannot know', () => {
  const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.throws(() => new MessageReader().read(head), /without content-length/);
});
