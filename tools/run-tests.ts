import { execFileSync, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { findEnvoy, findPeer, type PeerName } from '../shared/src/testing/peers.ts';

/**
 * `npm test`: the tests of all workspaces, then end to end. `npm run e2e [filter]`: end to end only. Without a filter
 * the scenarios that matter most run once more, on the output of `npm run build`; `HEDDLE_COMPILED=1` runs all there.
 *
 *     run-tests.ts [unit|e2e|compiled] [filter]      filter: a part of the file's path
 */
const root = path.resolve(import.meta.dirname, '..');

interface Suite {
  readonly name: 'unit' | 'e2e' | 'compiled';
  readonly patterns: readonly string[];
  /** Files that run at the same time. A scenario starts a mesh of processes and wants the machine for itself. */
  readonly concurrency: number;
  /** Limit of one test. */
  readonly timeoutMs: number;
}

const suites: readonly Suite[] = [
  {
    name: 'unit',
    patterns: [
      'shared',
      'proto',
      'control-plane',
      'data-plane',
      'cli',
      'examples',
      'tools',
      'e2e/bench',
      'e2e/harness',
      'e2e/changes',
      'e2e/faults',
      'e2e/soak',
    ].map((folder) => `${folder}/**/*.test.ts`),
    concurrency: Math.max(2, availableParallelism()),
    timeoutMs: 60_000,
  },
  {
    name: 'e2e',
    patterns: ['scenarios', 'interop', 'deploy'].map((folder) => `e2e/${folder}/**/*.test.ts`),
    concurrency: 1,
    timeoutMs: 120_000,
  },
  {
    name: 'compiled',
    // What the two ways of running could make different: loading, workers, processes that end and begin again.
    patterns: ['warming', 'route-rollout', 'restart', 'two-control-planes', 'discovery-health'].map(
      (scenario) => `e2e/scenarios/${scenario}.test.ts`,
    ),
    concurrency: 1,
    timeoutMs: 120_000,
  },
];

const usage = 'usage: run-tests.ts [unit|e2e|compiled] [filter]';

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  const isSuite = suites.some((suite) => suite.name === first);
  const filters = isSuite || first === undefined ? rest : argv;
  if (filters.length > 1 || filters.some((filter) => filter.startsWith('-'))) {
    console.error(usage);
    return 2;
  }
  const filter = filters[0] ?? '';
  const isCompiled = process.env['HEDDLE_COMPILED'] === '1' || first === 'compiled';
  const chosen = suites
    .filter(({ name }) => isChosen(name, isSuite ? first : undefined, isCompiled || filter !== ''))
    .map((suite) => ({ suite, files: filesOf(suite, filter) }))
    .filter(({ files }) => files.length > 0);
  if (chosen.length === 0) {
    console.error(filter === '' ? 'no tests found' : `no test file's path contains "${filter}"`);
    return 2;
  }

  reportPeers();
  const envoy = findEnvoy();
  const environment = { ...process.env, ...(envoy === undefined ? {} : { ENVOY_BIN: envoy }) };
  if (isCompiled) build();
  let worst = 0;
  for (const { suite, files } of chosen) {
    console.log(`${suite.name}: ${files.length} files`);
    const isOnBuild = suite.name === 'compiled';
    if (isOnBuild && !isCompiled) build();
    const compiled = isOnBuild ? { HEDDLE_COMPILED: '1' } : {};
    worst = Math.max(worst, await runSuite(suite, files, { ...environment, ...compiled }));
  }
  return worst;
}

/** `suite` is what the command line names. The compiled scenarios come with the others, unless those suffice. */
function isChosen(name: Suite['name'], suite: string | undefined, isEnough: boolean): boolean {
  if (name !== 'compiled') return suite === undefined || suite === name;
  return suite === 'compiled' || ((suite === undefined || suite === 'e2e') && !isEnough);
}

function build(): void {
  execFileSync(process.execPath, [path.join(root, 'tools/build.ts')], { stdio: 'inherit' });
}

function filesOf(suite: Suite, filter: string): string[] {
  return globSync(suite.patterns, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] })
    .filter((file) => file.includes(filter))
    .sort();
}

/** One line: what the machine has, and what it lacks. */
function reportPeers(): void {
  const names: readonly PeerName[] = [
    'envoy',
    'redis-server',
    'nginx',
    'haproxy',
    'wrk',
    'h2load',
    'nghttpd',
    'curl',
    'go',
    'grpcio',
    'chromium',
  ];
  const missing = names.filter((name) => findPeer(name) === undefined);
  const rule = process.env['CI'] === 'true' ? 'CI=true: their tests fail' : 'their tests are skipped';
  console.log(missing.length === 0 ? 'peers: all present' : `peers missing: ${missing.join(', ')} (${rule})`);
}

function runSuite(suite: Suite, files: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const options = [
    '--test',
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${suite.timeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
  ];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...options, ...files], {
      cwd: root,
      env: environment,
      stdio: 'inherit',
    });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code === 0 ? 0 : 1));
  });
}

process.exitCode = await main(process.argv.slice(2));
