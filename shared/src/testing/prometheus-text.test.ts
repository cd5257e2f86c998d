import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrometheusText } from './prometheus-text.ts';

test('families, labels with escapes, special values', () => {
  const [rq, up] = parsePrometheusText(
    '# HELP rq_total Requests.\n# TYPE rq_total counter\nrq_total{path="a\\"b\\\\c\\nd",code="200"} 3\nrq_total{} 1e3\n# TYPE up gauge\nup -Inf\n',
  );
  assert.deepEqual(
    [rq?.name, rq?.type, rq?.samples.map(({ value }) => value)],
    ['rq_total', 'counter', [3, 1000]],
  );
  assert.equal(rq?.samples[0]?.labels.get('path'), 'a"b\\c\nd');
  assert.equal(up?.samples[0]?.value, -Infinity);
});

test('what the format does not allow is refused, with the line', () => {
  const bad: Readonly<Record<string, RegExp>> = {
    '# TYPE a gauge\na 1': /no line feed/,
    'a 1\n': /without TYPE/,
    '# TYPE a gauge\nb 1\n': /not of the family a: b 1/,
    '# TYPE a gauge\na 1\na 2\n': /same series twice/,
    '# TYPE a gauge\n# TYPE a gauge\n': /second TYPE/,
    '# TYPE a-b gauge\n': /neither HELP nor TYPE/,
    '# TYPE a gauge\na{x=1} 1\n': /no sample/,
    '# TYPE a gauge\na{x="1",x="2"} 1\n': /no sample/,
    '# TYPE a gauge\na one\n': /no sample/,
    '# TYPE a counter\na -1\n': /below 0/,
    '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n': /does not add up/,
    '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n': /does not add up/,
  };
  for (const [text, reason] of Object.entries(bad)) assert.throws(() => parsePrometheusText(text), reason);
});
