import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPeer } from '@heddle/shared/testing/peers';
import { runSoak, shortRound } from '../soak/run-soak.ts';
import { formatSoak, judgeSoak } from '../soak/soak-report.ts';

/** One more in each update, while it serves as it should; of memory and statistics the run is no more than the start. */
const leaked = ['external', 'descriptors', 'listening', 'timers'];

test(
  'a short soak: the sidecar that leaks is found out, the others and the requests pass',
  { timeout: 400_000 },
  async (context) => {
    const run = await runSoak({
      name: 'short-soak',
      minutes: 0,
      roundsAtLeast: 8,
      seed: 1,
      sampleSeconds: 5,
      plan: shortRound,
      redisProgram: findPeer('redis-server'),
      breakage: 'leak-everything',
      onProgress: (line) => context.diagnostic(line),
    });
    const report = judgeSoak(run);
    const leaks = leaked.filter((series) =>
      report.failures.some((failure) => failure.startsWith(`sotw: ${series} rises `)),
    );
    const others = report.failures.filter((failure) => !/^sotw: [a-z]+ rises /.test(failure));
    assert.deepEqual([leaks, others], [leaked, []], formatSoak(run, report));
    assert.ok(run.requests > 1000 && run.changes === 8 * shortRound.changeCount);
  },
);
