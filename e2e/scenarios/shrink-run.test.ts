import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateChanges } from '../changes/generate-changes.ts';
import { findSurroundings, runUnderLoad } from '../changes/run-under-load.ts';
import { describeFailure, shrinkRun } from '../changes/shrink-run.ts';
import { createHarness } from '../harness/harness.ts';

/** Of its changes one passes a port under load from one service to another. */
const seed = 5;
const changeCount = 10;
const culprit = 'service-port-passed';

test(
  'a run that a broken sidecar fails is shortened to the change that it fails',
  { timeout: 300_000 },
  async (context) => {
    await using harness = createHarness('shrink-run-services');
    const surroundings = await findSurroundings(harness);
    const changes = generateChanges(seed, changeCount, surroundings);
    assert.equal(changes.filter(({ kind }) => kind === culprit).length, 1);
    const run = (part: typeof changes, trial: number) =>
      runUnderLoad(`shrink-run-${trial}`, part, surroundings, seed, { breakage: 'drop-old-socket' });
    const { problems } = await run(changes, 0);
    assert.match(problems.join('\n'), /ECONNREFUSED|ECONNRESET/);

    const shortest = await shrinkRun(changes, surroundings, {
      trialLimit: 20,
      chances: 1,
      run: (part, trial) => run([...part], trial),
      onTrial: (line) => context.diagnostic(line),
    });
    const text = describeFailure(problems, seed, shortest, surroundings);
    context.diagnostic(text);
    assert.deepEqual(
      shortest.map(({ kind }) => kind),
      [culprit],
    );
    assert.match(
      text,
      new RegExp(
        `^# \\d+ ${culprit}: port \\d+ passes from web to stock\\ncurl -sS .* -X POST "\\$HEDDLE_SERVER/v1/apply"`,
        'm',
      ),
    );
  },
);
