import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { DenseList } from './dense-list.ts';

test('it holds what a set holds, however things come and go', () => {
  const rng = createSeededRng(3);
  const list = new DenseList<{ readonly id: number; place: number }>();
  const set = new Set<{ readonly id: number; place: number }>();
  for (let step = 0; step < 5_000; step++) {
    const items = [...set];
    const gone = items[randomInteger(rng, items.length + 5)];
    if (gone === undefined) {
      const item = { id: step, place: -1 };
      list.add(item);
      set.add(item);
    } else {
      list.remove(gone);
      set.delete(gone);
    }
    assert.equal(list.size, set.size);
    assert.equal(list.last === undefined, set.size === 0);
    assert.deepEqual(new Set(list.toArray()), set);
  }
});
