import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countByKind, generateChanges } from '../changes/generate-changes.ts';
import { readRunSettings } from '../changes/run-settings.ts';
import { findSurroundings, runUnderLoad } from '../changes/run-under-load.ts';
import { describeFailure, shrinkRun } from '../changes/shrink-run.ts';
import { createHarness } from '../harness/harness.ts';

const { seed, changeCount, shrinkTrials } = readRunSettings({ seed: 4711, changeCount: 80, shrinkTrials: 0 });

/** A part of a run was timed otherwise than the run: it gets several chances to fail. */
const chancesToFail = 2;

test(
  'random changes of every kind fail no request and close no connection',
  // The long run: a change takes 0.1 s and more.
  { timeout: 120_000 + changeCount * 1000 * (1 + shrinkTrials * chancesToFail) },
  async (context) => {
    await using harness = createHarness('rollout-under-load-services');
    const surroundings = await findSurroundings(harness);
    const changes = generateChanges(seed, changeCount, surroundings);
    const { load, durationMs, connectionsByWorker, problems } = await runUnderLoad(
      'rollout-under-load',
      changes,
      surroundings,
      seed,
    );
    const seconds = (durationMs / 1000).toFixed(1);
    context.diagnostic(
      `seed ${seed}: ${changes.length} changes in ${seconds} s under ${load.requests} requests: ` +
        `${load.failed} failed, ${load.socketsClosed} of ${load.socketsOpened} connections closed`,
    );
    context.diagnostic(JSON.stringify(countByKind(changes)));
    for (const [sidecar, counts] of Object.entries(connectionsByWorker))
      assert.ok(
        counts.filter((count) => count > 0).length >= 2,
        `workers of ${sidecar}: ${counts.join(', ')}`,
      );
    if (problems.length === 0) return;

    const shortest =
      shrinkTrials === 0
        ? changes
        : await shrinkRun(changes, surroundings, {
            trialLimit: shrinkTrials,
            chances: chancesToFail,
            run: (part, trial) => runUnderLoad(`rollout-under-load-trial-${trial}`, part, surroundings, seed),
            onTrial: (line) => context.diagnostic(line),
          });
    assert.fail(describeFailure(problems, seed, shortest, surroundings));
  },
);
