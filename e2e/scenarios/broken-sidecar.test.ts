import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateChanges } from '../changes/generate-changes.ts';
import { findSurroundings, runUnderLoad } from '../changes/run-under-load.ts';
import { breakages, type BreakageName } from '../faults/breakages.ts';
import { createHarness } from '../harness/harness.ts';

/** A gap between two sockets is short: the changes of one seed may miss it, those of three do not. */
const seeds = [4711, 4712, 4713];
const changeCount = 40;

/** What `rollout-under-load` must not overlook. */
const expectations: Readonly<Record<BreakageName, RegExp>> = {
  'swap-before-warm': /503 no healthy upstream/,
  'drop-old-socket': /ECONNREFUSED|ECONNRESET/,
  'forget-one-worker': /does not follow the last change/,
};

for (const name of Object.keys(breakages) as BreakageName[]) {
  test(`a sidecar with ${name} fails under random changes`, { timeout: 120_000 }, async () => {
    await using harness = createHarness(`broken-${name}-services`);
    const surroundings = await findSurroundings(harness);
    const seen: string[] = [];
    for (const seed of seeds) {
      const changes = generateChanges(seed, changeCount, surroundings);
      const run = `broken-${name}-${seed}`;
      const { problems } = await runUnderLoad(run, changes, surroundings, seed, { breakage: name });
      seen.push(...problems);
      if (problems.some((problem) => expectations[name].test(problem))) return;
    }
    assert.match(seen.join('\n'), expectations[name]);
  });
}
