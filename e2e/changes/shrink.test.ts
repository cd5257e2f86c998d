import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDice } from './dice.ts';
import { shrink } from './shrink.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Fails when all the culprits are in the candidate. */
function culprits(...wanted: readonly number[]) {
  let trials = 0;
  return {
    fails: (candidate: readonly number[]) => {
      trials += 1;
      return Promise.resolve(wanted.every((number) => candidate.includes(number)));
    },
    trials: () => trials,
  };
}

test('one culprit among many is found in a logarithm of trials', async () => {
  const one = culprits(617);
  assert.deepEqual(await shrink(numbers(1000), one.fails), [617]);
  assert.ok(one.trials() <= 25, `${one.trials()} trials`);
});

test('culprits that need each other stay, in their order', async () => {
  assert.deepEqual(await shrink(numbers(200), culprits(3, 150).fails), [3, 150]);
  assert.deepEqual(await shrink(numbers(60), culprits(0, 31, 32, 59).fails), [0, 31, 32, 59]);
});

test('nothing can be left out of what it returns', async () => {
  const dice = createDice(5);
  for (let run = 0; run < 30; run++) {
    const wanted = numbers(40).filter(() => dice.chance(0.15));
    assert.deepEqual(await shrink(numbers(40), culprits(...wanted).fails), wanted);
  }
});

test('a failure that needs no element is told by an empty list', async () => {
  assert.deepEqual(await shrink(numbers(16), () => Promise.resolve(true)), []);
});

test('trials are limited, and the list still fails', async () => {
  const pair = culprits(1, 98);
  const shorter = await shrink(numbers(100), pair.fails, { trialLimit: 9 });
  assert.equal(pair.trials(), 9);
  assert.ok(shorter.length < 100 && shorter.includes(1) && shorter.includes(98), `${shorter.length}`);
});
