import { parseArgs } from 'node:util';
import { systemClock } from '@heddle/shared/time/clock';
import { fuzzStreams } from './fuzz-streams.ts';

/**
 *     npm run fuzz:xds -- --minutes 30           from a seed of the day
 *     npm run fuzz:xds -- --seed 7 --cases 1     one case of each client again
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, cases: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(systemClock.now() / 86_400_000) * 10_000_000);
const durationMs = Number(values.minutes ?? 1) * 60_000;
const caseCount = Number(values.cases ?? Infinity);
if (!Number.isInteger(seed) || !(durationMs > 0) || !(caseCount > 0)) {
  console.error('usage: npm run fuzz:xds -- [--minutes n] [--seed n] [--cases n]');
  process.exit(2);
}
const { played, violations } = fuzzStreams({ seed, durationMs, caseCount, clock: systemClock });
for (const violation of violations) console.log(violation);
console.log(`${played} cases from seed ${seed}, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
