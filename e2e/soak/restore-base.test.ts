import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelOf } from '../changes/mesh-model.ts';
import { route } from '../harness/objects.ts';
import { withMarker } from '../load/marker.ts';
import { markOf, withoutMark } from './restore-base.ts';

test('the mark of a round is taken off, another one stays', () => {
  const plain = route('cart', [{ version: 'v1', weight: 1 }]);
  const marked = modelOf([withMarker(plain, markOf(7))]);
  assert.deepEqual(withoutMark(marked, markOf(7)), modelOf([plain]));
  assert.deepEqual(withoutMark(marked, markOf(8)), marked);
  assert.equal(markOf(7).length, markOf(12_345).length);
});
