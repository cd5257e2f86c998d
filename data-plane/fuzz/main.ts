import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '@heddle/shared/time/clock';
import { documents, withDifferences } from './differences-document.ts';
import { fuzz } from './fuzz.ts';
import { fuzzers } from './fuzzers.ts';
import { readFuzzSettings } from './settings.ts';

/**
 *     npm run fuzz -- --minutes 30 --seed 7
 *     npm run fuzz -- --only "cut answers"       one, or with "HTTP/2" all that begin so
 *     npm run fuzz -- --write-table              the tables of differences in docs, and nothing else
 *
 * Without a seed it is the day's. Ends with 1 when a difference was found that the table does not explain.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    'write-table': { type: 'boolean' },
  },
});
if (values['write-table'] === true) {
  for (const document of documents) {
    writeFileSync(document.file, await withDifferences(document, readFileSync(document.file, 'utf8')));
  }
  process.exit(0);
}
const settings = readFuzzSettings(systemClock.now());
const seed = values.seed === undefined ? settings.seed : Number(values.seed);
const durationMs = values.minutes === undefined ? settings.durationMs : Number(values.minutes) * 60_000;
const { only } = values;
const chosen = fuzzers.filter(
  ({ name }) => only === undefined || name === only || name.startsWith(`${only} `),
);
if (chosen.length === 0 || !Number.isFinite(seed) || !(durationMs > 0)) {
  console.error(
    `usage: npm run fuzz -- [--minutes n] [--seed n] [--only name]\nnames: ${fuzzers.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
let unexplainedCount = 0;
for (const { name, caseCount, explained, unexplained } of await fuzz(seed, durationMs, systemClock, chosen)) {
  console.log(`${name}: seed ${seed}, ${caseCount} cases`);
  for (const [row, count] of explained) console.log(`  ${count} × ${row}`);
  for (const text of unexplained) console.log(text);
  unexplainedCount += unexplained.length;
}
process.exitCode = unexplainedCount === 0 ? 0 : 1;
