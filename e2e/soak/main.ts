import { findPeer } from '@heddle/shared/testing/peers';
import { fullRound, runSoak, shortRound } from './run-soak.ts';
import { parseSoakArguments } from './soak-arguments.ts';
import { formatSoak, judgeSoak } from './soak-report.ts';

/** Runs of less get short rounds. */
const longRunMinutes = 8;

/** Exit codes: 0 passed, 1 failed, 2 wrong flags. */
async function main(): Promise<number> {
  const parsed = parseSoakArguments(process.argv.slice(2));
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(`${parsed.text}\n`);
    return parsed.code;
  }
  const redisProgram = parsed.registry === 'embedded' ? undefined : findPeer('redis-server');
  if (redisProgram === undefined && parsed.registry === 'redis') {
    console.error('--registry redis: redis-server is missing');
    return 2;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      console.error(`${signal}: the round that runs is the last one`);
      abort.abort();
    });
  const run = await runSoak({
    name: 'soak',
    ...parsed,
    roundsAtLeast: 8,
    plan: parsed.minutes < longRunMinutes ? shortRound : fullRound,
    redisProgram,
    signal: abort.signal,
    onProgress: (line) => console.error(line),
  });
  const report = judgeSoak(run);
  console.log(
    parsed.isJson ? JSON.stringify({ seed: parsed.seed, ...run, ...report }) : formatSoak(run, report),
  );
  return report.failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
