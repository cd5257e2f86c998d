import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { ReadTurn, type TurnReader } from './read-turn.ts';

class Waiting implements TurnReader {
  resumedCount = 0;
  resumeReading(): void {
    this.resumedCount++;
  }
}

test('a turn is over after a millisecond of reads, and the next one begins anew', async () => {
  const turn = new ReadTurn();
  assert.equal(turn.isOver(0.6), false);
  assert.equal(turn.isOver(0.6), true);
  const reader = new Waiting();
  turn.wait(reader);
  assert.equal(reader.resumedCount, 0);
  await nextTurn();
  assert.equal(reader.resumedCount, 1);
  assert.equal(turn.isOver(0.6), false);
});

test('those that wait go on in their order, and fewer at a time when turns were long', async () => {
  const turn = new ReadTurn();
  const readers = Array.from({ length: 100 }, () => new Waiting());
  const resumed = (): number => readers.filter(({ resumedCount }) => resumedCount === 1).length;
  turn.isOver(5);
  for (const reader of readers) turn.wait(reader);
  await nextTurn();
  assert.equal(resumed(), 32);
  assert.ok(readers.slice(0, 32).every(({ resumedCount }) => resumedCount === 1));
  turn.isOver(5);
  await nextTurn();
  assert.equal(resumed(), 32 + 16);
  // Nothing was read: all that still wait go on without anybody's doing.
  await nextTurn();
  await nextTurn();
  assert.equal(resumed(), 100);
});
