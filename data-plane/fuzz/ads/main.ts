import { parseArgs } from 'node:util';
import { systemClock } from '@heddle/shared/time/clock';
import { fuzzAds } from './fuzz-ads.ts';

/**
 *     npm run fuzz:ads -- --minutes 30
 *     npm run fuzz:ads -- --seed 7 --minutes 0.01      one case, or some, again
 */
const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(systemClock.now() / 86_400_000) * 10_000_000);
const durationMs = Number(values.minutes ?? 1) * 60_000;
if (!Number.isInteger(seed) || !(durationMs > 0)) {
  console.error('usage: npm run fuzz:ads -- [--minutes n] [--seed n]');
  process.exit(2);
}
const { played, violations } = await fuzzAds({ seed, durationMs, clock: systemClock });
for (const violation of violations) console.log(violation);
console.log(`${played} cases from seed ${seed}, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
