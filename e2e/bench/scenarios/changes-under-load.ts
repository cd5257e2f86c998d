import { alternate } from '../alternate.ts';
import { generateChanges } from '../../changes/generate-changes.ts';
import { findSurroundings, runUnderLoad } from '../../changes/run-under-load.ts';
import { createHarness } from '../../harness/harness.ts';
import type { Scenario } from '../scenario.ts';

const changeCount = 1000;
const firstSeed = 4711;

/** Of Heddle alone: the changes are those of its REST API. Each round has a seed of its own. */
export const changesUnderLoad: Scenario = {
  name: 'changes-under-load',
  summary: 'requests failed by 1,000 random changes under load on three sidecars with two workers each',
  async run(options) {
    let seed = firstSeed;
    return await alternate(
      [
        { name: 'changes-under-load', unit: 'requests failed', better: 'lower' },
        { name: 'changes-under-load-closed', unit: 'connections closed', better: 'lower' },
      ],
      [{ name: 'heddle' }],
      options,
      async () => {
        await using harness = createHarness('bench-changes-services');
        const surroundings = await findSurroundings(harness);
        const changes = generateChanges(++seed, changeCount, surroundings);
        const run = await runUnderLoad('bench-changes', changes, surroundings, seed);
        for (const problem of run.problems) options.onProgress(problem);
        const { failed, socketsClosed, requests } = run.load;
        if (run.problems.length > 0 && failed === 0 && socketsClosed === 0)
          throw new Error(`the mesh of seed ${seed} did not end as it was told to`);
        options.onProgress(`seed ${seed}: ${changeCount} changes under ${requests} requests`);
        return [failed, socketsClosed];
      },
    );
  },
};
