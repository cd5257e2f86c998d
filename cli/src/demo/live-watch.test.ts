import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRoute } from '@heddle/shared/model/http-route';
import { parseMeshObject } from '@heddle/shared/model/parse-object';
import type { LoadResult } from '@heddle/shared/testing/load-generator';
import { createLiveWatch } from './live-watch.ts';
import { withWeights } from './rollout.ts';

function answer(target: string, marker: string | undefined, version: string, endedMs: number): LoadResult {
  return {
    target: { name: target, port: 1, host: 'shop', path: '/', connections: 1 },
    outcome: '200',
    isFailed: false,
    detail: '',
    version,
    headers: marker === undefined ? {} : { 'x-route': marker },
    startedMs: 0,
    endedMs,
  };
}

test('a change is live when every target was answered by it, counted from the REST answer', () => {
  const watch = createLiveWatch();
  const marker = watch.announce({ v1: 50, v2: 50 });
  watch.observe(answer('a', undefined, 'v1', 90));
  watch.observe(answer('a', marker, 'v1', 98));
  watch.answered(marker, 100);
  assert.equal(watch.isLive(marker, ['a', 'b']), false);
  watch.observe(answer('b', marker, 'v2', 112));
  watch.observe(answer('b', marker, 'v2', 500));
  assert.equal(watch.isLive(marker, ['a', 'b']), true);
  assert.deepEqual(watch.liveMsOf(marker), [0, 12], 'a had it before the answer reached us');
});

test('an answer by a version without a share is misrouted; one on an older revision is not', () => {
  const watch = createLiveWatch();
  const first = watch.announce({ v1: 100, v2: 0 });
  const second = watch.announce({ v1: 0, v2: 100 });
  watch.observe(answer('a', first, 'v1', 1));
  watch.observe(answer('a', second, 'v2', 1));
  assert.equal(watch.misrouted, 0);
  watch.observe(answer('a', second, 'v1', 2));
  assert.equal(watch.misrouted, 1);
});

const route = {
  kind: 'HTTPRoute',
  metadata: { name: 'catalog' },
  spec: {
    parentRefs: [{ name: 'catalog' }],
    rules: [
      {
        backendRefs: [
          { name: 'catalog', version: 'v1', weight: 100 },
          { name: 'catalog', version: 'v2', weight: 0 },
        ],
        retry: { attempts: 3 },
      },
    ],
  },
} satisfies HttpRoute;

test('moving weights changes nothing else, marks the revision, and is a valid route', () => {
  const once = withWeights(route, { v1: 90, v2: 10 }, '1');
  const twice = withWeights(once, { v1: 50, v2: 50 }, '2');
  assert.deepEqual(parseMeshObject(structuredClone(twice)), twice);
  const [rule] = twice.spec.rules;
  assert.deepEqual(
    rule?.backendRefs?.map(({ weight }) => weight),
    [50, 50],
  );
  assert.deepEqual(rule.retry, { attempts: 3 });
  assert.equal(rule.filters?.length, 1, 'the marker is replaced, not repeated');
  assert.throws(() => withWeights(route, { v3: 1 }, '1'), /route "catalog" names no version v3/);
});
