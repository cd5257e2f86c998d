import { quantile } from '@heddle/shared/testing/quantile';
import { alternate } from '../alternate.ts';
import { createControlPlanes } from '../control-planes/create-control-planes.ts';
import { mebibyte } from '../measure-memory.ts';
import { residentBytesOf } from '../process-figures.ts';
import type { Scenario } from '../scenario.ts';
import { buildChanges, startFleet } from '../sidecars/start-fleet.ts';
import { createStage } from '../stage.ts';

const changeCount = 20;
const warmupCount = 3;

/** One change after another, each waits for the one before: what one change costs. And what it costs to connect. */
export const convergence: Scenario = {
  name: 'convergence',
  summary: 'write sent → last of 1,000 sidecars (delta) acknowledged; 1,000 services × 10 instances',
  async run(options) {
    await using stage = createStage(options.folder);
    const fleet = startFleet(stage);
    return await alternate(
      [
        { name: 'convergence', unit: 'ms, p99', better: 'lower' },
        { name: 'convergence-p50', unit: 'ms', better: 'lower' },
        { name: 'convergence-init', unit: 's until all have everything', better: 'lower' },
        { name: 'convergence-init-memory', unit: 'MiB resident afterwards', better: 'lower' },
      ],
      await createControlPlanes(options),
      options,
      async (controlPlane) => {
        const started = await controlPlane.start(stage, options.folder);
        const initMs = await fleet.connect(started);
        const memory = residentBytesOf(started.pid) / mebibyte;
        await fleet.converge(buildChanges(started, warmupCount, 2));
        const durationsMs = await fleet.converge(buildChanges(started, changeCount, 3));
        await fleet.close();
        await started.stop();
        return [quantile(durationsMs, 0.99), quantile(durationsMs, 0.5), initMs / 1000, memory];
      },
    );
  },
};
