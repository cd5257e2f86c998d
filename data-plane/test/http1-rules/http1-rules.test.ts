import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeObservation } from './describe-observation.ts';
import { cutsOf } from './exchange.ts';
import { judge } from './judge.ts';
import { knownDeviations } from './known-deviations.ts';
import { MemoryProxy } from './memory-proxy.ts';
import { cellOf, documentFile, row, ruleCells } from './rules-document.ts';
import { allRules, topics } from './rules/all-rules.ts';

for (const { title, rules } of topics) {
  test(`${title}: every rule is kept, and however the bytes are cut the same happens`, async (t) => {
    const proxy = new MemoryProxy();
    t.after(() => proxy.close());
    const broken: string[] = [];
    for (const rule of rules) {
      const whole = describeObservation(await proxy.run(rule, 'whole'));
      for (const cut of cutsOf(rule)) {
        const seen = await proxy.run(rule, cut);
        const words = describeObservation(seen);
        const reason = rule.id in knownDeviations ? undefined : judge(rule, seen);
        if (reason === undefined && words === whole) continue;
        broken.push(
          `${rule.level} ${rule.id} (${rule.section}), ${cut}: ${words}, whole ${whole}: ${reason ?? ''}`,
        );
        break;
      }
    }
    assert.deepEqual(broken, []);
  });
}

test('deviations are of SHOULDs only, and real ones', async (t) => {
  const proxy = new MemoryProxy();
  t.after(() => proxy.close());
  for (const id of Object.keys(knownDeviations)) {
    const rule = allRules.find((candidate) => candidate.id === id);
    assert.ok(rule !== undefined, `${id} is no rule`);
    assert.equal(rule.level, 'SHOULD', id);
    assert.notEqual(judge(rule, await proxy.run(rule, 'whole')), undefined, `${id} is kept after all`);
  }
});

test('a rule has a name of its own, and there are enough of them', () => {
  const ids = allRules.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 350, `${ids.length} rules`);
});

test('docs/http1-rules.md says of Heddle what is true (npm run http1-rules)', async (t) => {
  const proxy = new MemoryProxy();
  t.after(() => proxy.close());
  const lines = readFileSync(documentFile, 'utf8').split('\n');
  const missing: string[] = [];
  for (const rule of allRules) {
    const seen = await proxy.run(rule, 'whole');
    const cell = cellOf({ words: describeObservation(seen), broken: judge(rule, seen) });
    const start = row([...ruleCells(rule), cell]).slice(0, -1);
    if (!lines.some((line) => line.startsWith(start))) missing.push(start);
  }
  assert.deepEqual(missing, []);
  assert.equal(lines.filter((line) => /^\| [a-z0-9-]+ \| \d{4} /i.test(line)).length, allRules.length);
});
