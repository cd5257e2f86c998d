import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { RequestTurn, type DeferringConnection } from './request-turn.ts';

class Asking implements DeferringConnection {
  waitingCount: number;
  readonly #onStart: (count: number) => void;

  constructor(waitingCount: number, onStart: (count: number) => void) {
    this.waitingCount = waitingCount;
    this.#onStart = onStart;
  }

  startDeferred(count: number): boolean {
    const startedCount = Math.min(count, this.waitingCount);
    this.waitingCount -= startedCount;
    this.#onStart(startedCount);
    return this.waitingCount > 0;
  }
}

test('a turn is over when its time is, and the next one begins anew', async () => {
  const clock = createFakeClock();
  const turn = new RequestTurn(clock);
  assert.equal(turn.isOver(), false);
  clock.advance(3);
  assert.equal(turn.isOver(), false);
  clock.advance(2);
  assert.equal(turn.isOver(), true);
  await nextTurn();
  assert.equal(turn.isOver(), false);
});

test('connections start a few of their requests in turn, and no more in one turn than fit into it', async () => {
  const clock = createFakeClock();
  const turn = new RequestTurn(clock);
  const started: string[] = [];
  const connect = (name: string, count: number): void => {
    const note = (startedCount: number): void => {
      started.push(`${name}${startedCount}`);
      clock.advance(2);
    };
    turn.wait(new Asking(count, note));
  };
  connect('a', 20);
  connect('b', 3);
  connect('c', 10);
  await nextTurn();
  assert.deepEqual(started.splice(0), ['a8', 'b3', 'c8']);
  await nextTurn();
  assert.deepEqual(started.splice(0), ['a8', 'c2', 'a4']);
  await nextTurn();
  assert.deepEqual(started, []);
});
