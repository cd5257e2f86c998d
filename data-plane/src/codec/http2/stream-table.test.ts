import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { StreamTable } from './stream-table.ts';

test('it holds what a map holds, however streams come and go', () => {
  const rng = createSeededRng(7);
  for (const span of [8, 100, 5_000]) {
    const table = new StreamTable<{ readonly id: number }>();
    const map = new Map<number, { readonly id: number }>();
    for (let step = 0; step < 20_000; step++) {
      const id = 2 * randomInteger(rng, span) + 1;
      if (map.has(id) && randomInteger(rng, 5) > 0) {
        assert.equal(table.delete(id), map.delete(id));
      } else if (!map.has(id)) {
        const stream = { id };
        map.set(id, stream);
        table.add(stream);
      }
      const other = 2 * randomInteger(rng, span) + 1;
      assert.equal(table.get(other), map.get(other));
      assert.equal(table.size, map.size);
    }
    const ids = [...map.keys()].sort((a, b) => a - b);
    assert.deepEqual(
      table.toArray().map(({ id }) => id),
      ids,
    );
    for (const id of ids) assert.equal(table.delete(id), true);
    assert.deepEqual([table.size, table.toArray(), table.delete(1)], [0, [], false]);
  }
});

test('streams whose numbers lie further apart than the table is long stand behind each other', () => {
  const rng = createSeededRng(11);
  const table = new StreamTable<{ readonly id: number }>();
  const ids: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    const id = 2 * randomInteger(rng, 1_000_000) + 1;
    if (ids.includes(id)) continue;
    table.add({ id });
    ids.push(id);
    // At most as many as half of the first table.
    if (ids.length === 8) {
      const [gone = 0] = ids.splice(randomInteger(rng, 8), 1);
      assert.equal(table.delete(gone), true);
    }
    assert.deepEqual(
      ids.filter((open) => table.get(open)?.id !== open),
      [],
    );
  }
});
