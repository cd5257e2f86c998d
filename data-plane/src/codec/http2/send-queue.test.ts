import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { ChunkPool, SendQueue } from './send-queue.ts';

test('what was pushed comes out in order, in whatever parts, though its memory is used again', () => {
  const rng = createSeededRng(3);
  const pool = new ChunkPool();
  const queues = [new SendQueue(pool), new SendQueue(pool)];
  const texts = [
    { pushed: '', taken: '' },
    { pushed: '', taken: '' },
  ];
  let letter = 0;
  for (let step = 0; step < 20_000; step++) {
    const which = randomInteger(rng, 2);
    const queue = queues[which]!;
    const text = texts[which]!;
    if (queue.isEmpty || randomInteger(rng, 3) === 0) {
      const byteCount = 1 + randomInteger(rng, [10, 5_000, 40_000][randomInteger(rng, 3)]!);
      const content = String.fromCharCode(0x41 + (letter++ % 26)).repeat(byteCount);
      text.pushed += content;
      const lent = Buffer.from(content);
      queue.push(lent);
      lent.fill(0);
    } else {
      const end = queue.endWithin(1 + randomInteger(rng, 20_000));
      text.taken += queue.first.toString('latin1', queue.start, end);
      queue.drop(end);
    }
    if (text.pushed.length > 1_000_000) {
      while (!queue.isEmpty) {
        const end = queue.endWithin(Infinity);
        text.taken += queue.first.toString('latin1', queue.start, end);
        assert.equal(queue.isLastAt(end), text.taken === text.pushed);
        queue.drop(end);
      }
      assert.ok(text.taken === text.pushed);
      text.pushed = text.taken = '';
    }
  }
});

test('a queue that is given up gives its memory back once', () => {
  const pool = new ChunkPool();
  const queue = new SendQueue(pool);
  queue.push(Buffer.alloc(40_000));
  const slab = queue.first;
  queue.clear();
  queue.clear();
  assert.ok(queue.isEmpty);
  const slabs = [pool.take(), pool.take(), pool.take()];
  assert.equal(slabs.filter((one) => one === slab).length, 1);
});
