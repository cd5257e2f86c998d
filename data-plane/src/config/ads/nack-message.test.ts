import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildNack } from './nack-message.ts';

const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

test('one line for each resource, with every problem and its path', () => {
  assert.deepEqual(
    buildNack(typeUrl, [
      {
        name: 'a',
        problems: [
          { path: 'lb_policy', message: 'is odd' },
          { path: '', message: 'is late' },
        ],
      },
      { name: '', problems: [{ path: '', message: 'no bytes' }] },
    ]),
    { code: 13, message: 'Cluster "a": lb_policy: is odd; is late\nCluster: no bytes' },
  );
});

test('the text ends at 4096 bytes, between two characters', () => {
  for (const shift of ['', 'x', 'xx']) {
    const { message } = buildNack(typeUrl, [
      { name: 'a', problems: [{ path: '', message: shift + '€'.repeat(3000) }] },
    ]);
    assert.ok(message.endsWith('€...(truncated)'));
    const bytes = Buffer.byteLength(message) - '...(truncated)'.length;
    assert.ok(bytes <= 4096 && bytes > 4093, String(bytes));
  }
});
