import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runHttp1Small, type ScenarioOptions } from './http1-small.ts';
import { createEnvoy, createHaproxy, createHeddle, createNginx } from './proxies/proxies.ts';
import { formatReport, type ScenarioReport } from './report.ts';

const scenarios: Readonly<Record<string, (options: ScenarioOptions) => Promise<ScenarioReport[]>>> = {
  'http1-small': runHttp1Small,
};

const usage = `usage: npm run bench -- [--only names] [--seconds n] [--rounds n] [--json] [--profile folder]
  --only http1-small   scenarios, comma-separated (default: all: ${Object.keys(scenarios).join(', ')})
  --seconds 5          length of one run
  --rounds 3           runs of each proxy; they alternate
  --json               one JSON object on stdout, progress on stderr
  --profile folder     write a CPU profile of Heddle`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(scenarios).join(',') },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const names = values.only.split(',');
  const unknown = names.filter((name) => scenarios[name] === undefined);
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  if (unknown.length > 0 || !(seconds > 0) || !(rounds > 0)) {
    console.error(unknown.length > 0 ? `no such scenario: ${unknown.join(', ')}\n${usage}` : usage);
    return 2;
  }
  const all = [
    createHeddle(values.profile === undefined ? {} : { profileFolder: values.profile }),
    createEnvoy(),
    createHaproxy(),
    createNginx(),
  ];
  const proxies = all.filter(({ program }) => program !== undefined);
  const absent = all.filter(({ program }) => program === undefined).map(({ name }) => name);
  if (absent.length > 0) console.error(`not on this machine, so not in the table: ${absent.join(', ')}`);

  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-bench-'));
  const reports: ScenarioReport[] = [];
  try {
    for (const name of names) {
      const run = scenarios[name];
      if (run === undefined) continue;
      reports.push(
        ...(await run({ proxies, rounds, seconds, folder, onProgress: (line) => console.error(line) })),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  if (values.json) console.log(JSON.stringify({ machine, scenarios: reports }));
  else
    console.log(
      [`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`, ...reports.map(formatReport)].join(
        '\n',
      ),
    );
  return 0;
}

process.exitCode = await main();
