import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countByKind, generateChanges, onlyValid } from '../changes/generate-changes.ts';
import { readRunSettings } from '../changes/run-settings.ts';
import { findSurroundings, runUnderLoad } from '../changes/run-under-load.ts';
import { shrink } from '../changes/shrink.ts';
import { initialObjects } from '../changes/surroundings.ts';
import { toCommands } from '../changes/to-commands.ts';
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

    let shortest: readonly (typeof changes)[number][] = changes;
    if (shrinkTrials > 0) {
      let trial = 0;
      const fails = async (candidate: readonly (typeof changes)[number][]): Promise<boolean> => {
        const valid = onlyValid(candidate, surroundings);
        for (let chance = 0; chance < chancesToFail; chance++) {
          const run = await runUnderLoad(`rollout-under-load-trial-${++trial}`, valid, surroundings, seed);
          if (run.problems.length > 0) return true;
        }
        return false;
      };
      shortest = onlyValid(await shrink(changes, fails, { trialLimit: shrinkTrials }), surroundings);
    }
    assert.fail(
      [...problems, '', `seed ${seed}:`, toCommands(initialObjects(surroundings), shortest)].join('\n'),
    );
  },
);
