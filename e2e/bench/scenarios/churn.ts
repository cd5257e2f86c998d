import { alternate } from '../alternate.ts';
import { createControlPlanes } from '../control-planes/create-control-planes.ts';
import { toLatencyQuantiles } from '../load/latency-quantiles.ts';
import { cpuSecondsOf } from '../process-figures.ts';
import type { Scenario } from '../scenario.ts';
import { buildChanges, startFleet } from '../sidecars/start-fleet.ts';
import { createStage } from '../stage.ts';

const changesPerSecond = 10;
const warmupCount = 3;

/** Changes come at their rate, whatever became of those before. */
export const churn: Scenario = {
  name: 'churn',
  summary: '10 changes/s to 1,000 sidecars (delta); 1,000 services × 10 instances',
  async run(options) {
    await using stage = createStage(options.folder);
    const fleet = startFleet(stage);
    return await alternate(
      [
        { name: 'churn', unit: 'changes/s', better: 'higher' },
        { name: 'churn-lag', unit: 'ms, p99', better: 'lower' },
        { name: 'churn-cpu', unit: 'ms of CPU per change', better: 'lower' },
        { name: 'churn-answers', unit: 'answers per stream and change', better: 'lower' },
        { name: 'churn-bytes', unit: 'bytes per stream and change', better: 'lower' },
      ],
      await createControlPlanes(options),
      options,
      async (controlPlane) => {
        const started = await controlPlane.start(stage, options.folder);
        await fleet.connect(started);
        await fleet.converge(buildChanges(started, warmupCount, 2));
        const changes = buildChanges(started, changesPerSecond * options.seconds, 3);
        const cpuBefore = cpuSecondsOf(started.pid);
        const result = await fleet.churn(changes, changesPerSecond);
        const cpuSeconds = cpuSecondsOf(started.pid) - cpuBefore;
        await fleet.close();
        await started.stop();
        return [
          result.changesPerSecond,
          toLatencyQuantiles(result.lagsMs).p99 / 1000,
          (cpuSeconds * 1000) / changes.length,
          result.answersPerStreamAndChange,
          result.bytesPerStreamAndChange,
        ];
      },
    );
  },
};
