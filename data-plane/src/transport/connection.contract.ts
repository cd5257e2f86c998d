import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock, type Clock } from '@heddle/shared/time/clock';
import { closeBoth, type ConnectionPair } from './testing/connection-events.ts';

/** `clock` drives the wheel of both ends; the client has seen `connected`, the server nothing yet. */
export type CreatePair = (clock: Clock) => Promise<ConnectionPair>;

/** What every `Connection` over a socket does. `hasReset`: the system can end it with less than a FIN. */
export function testConnection(name: string, createPair: CreatePair, hasReset = true): void {
  test(`strings are latin1, order is kept over small and large parts, bytes are counted (${name})`, async () => {
    const pair = await createPair(systemClock);
    const large = Buffer.alloc(100_000, 'x');
    pair.client.connection.write('h\u{e9}');
    pair.client.connection.write(Buffer.from([0, 0xff, 0x80]));
    pair.client.connection.write(large);
    pair.client.connection.write('end');
    const expected = Buffer.concat([Buffer.from([0x68, 0xe9, 0, 0xff, 0x80]), large, Buffer.from('end')]);
    await pair.server.until(() => pair.server.connection.bytesRead === expected.length);
    assert.deepEqual(Buffer.concat(pair.server.chunks), expected);
    assert.equal(pair.client.connection.bytesWritten, expected.length);
    assert.equal(pair.server.connection.remoteAddress.port, pair.client.connection.localAddress.port);
    assert.notEqual(pair.server.connection.id, pair.client.connection.id);
    await closeBoth(pair);
  });

  test(`what is written in one tick arrives as one chunk (${name})`, async () => {
    const pair = await createPair(systemClock);
    for (let index = 0; index < 100; index++) pair.client.connection.write('0123456789');
    await pair.server.until(() => pair.server.connection.bytesRead === 1_000);
    assert.equal(pair.server.chunks.length, 1);
    await closeBoth(pair);
  });

  test(`half-close: the peer still gets its answer, and both directions closed end the connection (${name})`, async () => {
    const pair = await createPair(systemClock);
    pair.client.connection.write('question');
    pair.client.connection.shutdownWrite();
    await pair.server.untilLogged('end');
    assert.equal(pair.server.text, 'question');
    pair.server.connection.write('answer');
    pair.server.connection.shutdownWrite();
    await pair.client.untilLogged('close');
    await pair.server.untilLogged('close');
    assert.equal(pair.client.text, 'answer');
    assert.deepEqual(pair.client.log, ['connected', 'end', 'close remote']);
    assert.deepEqual(pair.server.log, ['end', 'close remote']);
  });

  test(`abort is a reset for the peer (${name})`, async () => {
    const pair = await createPair(systemClock);
    pair.server.connection.close('abort');
    await pair.server.untilLogged('close');
    await pair.client.untilLogged(hasReset ? 'close' : 'end');
    const expected = hasReset ? 'close reset Connection reset by peer' : 'end';
    assert.deepEqual(pair.client.log, ['connected', expected]);
    if (!hasReset) pair.client.connection.close('abort');
    assert.deepEqual(pair.server.log, ['close local']);
  });

  test(`RFC 9112 9.6: flush-and-delay sends everything, reads on into nothing, and goes when the peer goes (${name})`, async () => {
    const pair = await createPair(systemClock);
    const answer = Buffer.alloc(300_000, 'a');
    pair.server.connection.write(answer);
    pair.server.connection.close('flush-and-delay');
    pair.server.connection.write('ignored');
    pair.client.connection.write(Buffer.alloc(200_000));
    await pair.client.untilLogged('end');
    assert.equal(pair.client.connection.bytesRead, answer.length);
    assert.equal(pair.server.connection.state, 'closing');
    assert.equal(pair.server.chunks.length, 0);
    pair.client.connection.close('flush');
    await pair.server.untilLogged('close');
    await pair.client.untilLogged('close');
    assert.deepEqual(pair.server.log, ['close local']);
    assert.deepEqual(pair.client.log, ['connected', 'end', 'close remote']);
  });

  test(`flush-and-delay ends by itself when the peer does not go (${name})`, async () => {
    const clock = createFakeClock();
    const pair = await createPair(clock);
    pair.server.connection.write('bye');
    pair.server.connection.close('flush-and-delay');
    await pair.client.untilLogged('end');
    assert.equal(pair.client.text, 'bye');
    assert.equal(pair.server.connection.state, 'closing');
    clock.advance(1_010);
    await pair.server.untilLogged('close');
    await closeBoth(pair);
  });

  test(`readDisable is counted (${name})`, async () => {
    const pair = await createPair(systemClock);
    pair.server.connection.readDisable(true);
    pair.server.connection.readDisable(true);
    pair.client.connection.write('x');
    // The answer that comes back shows that the byte has long been there.
    pair.server.connection.write('y');
    await pair.client.until(() => pair.client.text === 'y');
    pair.server.connection.readDisable(false);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(pair.server.chunks.length, 0);
    pair.server.connection.readDisable(false);
    await pair.server.until(() => pair.server.text === 'x');
    await closeBoth(pair);
  });

  test(`watermarks: above once, below at half, for small limits too (${name})`, async () => {
    for (const limitBytes of [4_000, 1_000_000]) {
      const pair = await createPair(systemClock);
      const { connection } = pair.client;
      connection.setWriteBufferLimit(limitBytes);
      pair.server.connection.readDisable(true);
      let writtenBytes = 0;
      // The kernel takes some megabytes first.
      while (!pair.client.log.includes('above')) {
        connection.write(Buffer.alloc(Math.min(limitBytes, 100_000)));
        writtenBytes += Math.min(limitBytes, 100_000);
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(writtenBytes < 50_000_000);
      }
      assert.ok(connection.writeBufferedBytes > limitBytes);
      pair.server.connection.readDisable(false);
      await pair.client.untilLogged('below');
      assert.ok(pair.client.bytesAtBelow <= limitBytes / 2, `${pair.client.bytesAtBelow} bytes left`);
      assert.deepEqual(pair.client.log, ['connected', 'above', 'below']);
      await pair.server.until(() => pair.server.connection.bytesRead === writtenBytes);
      await closeBoth(pair);
    }
  });

  test(`a writer that goes on and on within one tick hears of the limit in it, and of the end of that (${name})`, async () => {
    const pair = await createPair(systemClock);
    const { connection } = pair.client;
    connection.setWriteBufferLimit(10_000);
    for (let count = 0; count < 20; count++) connection.write('x'.repeat(10_000));
    assert.deepEqual(pair.client.log, ['connected']);
    for (let count = 0; count < 20; count++) connection.write('x'.repeat(10_000));
    assert.deepEqual(pair.client.log, ['connected', 'above']);
    await pair.client.untilLogged('below');
    await pair.server.until(() => pair.server.connection.bytesRead === 400_000);
    assert.deepEqual(pair.client.log, ['connected', 'above', 'below']);
    await closeBoth(pair);
  });
}
