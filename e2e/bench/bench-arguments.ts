import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';

export type BenchArguments =
  | {
      readonly kind: 'run';
      readonly chosen: readonly Scenario[];
      readonly seconds: number;
      readonly rounds: number;
      readonly isJson: boolean;
      readonly isCompiled: boolean;
      readonly profileFolder: string | undefined;
    }
  | { readonly kind: 'exit'; readonly code: 0 | 2; readonly text: string };

/** Reads the flags of `npm run bench`. */
export function parseBenchArguments(argv: readonly string[], scenarios: readonly Scenario[]): BenchArguments {
  const usage = buildUsage(scenarios);
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        seconds: { type: 'string', default: '5' },
        rounds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        sources: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    return {
      kind: 'exit',
      code: 2,
      text: `${error instanceof Error ? error.message : String(error)}\n${usage}`,
    };
  }
  if (values.help) return { kind: 'exit', code: 0, text: usage };
  const wanted = values.only?.split(',') ?? scenarios.map(({ name }) => name);
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  const problems = [
    ...wanted
      .filter((name) => !scenarios.some((scenario) => isMeant(scenario, name)))
      .map((name) => `--only: no scenario is called "${name}"`),
    ...(Number.isInteger(seconds) && seconds > 0 ? [] : ['--seconds: expected a whole number above 0']),
    ...(Number.isInteger(rounds) && rounds > 0 ? [] : ['--rounds: expected a whole number above 0']),
  ];
  if (problems.length > 0) return { kind: 'exit', code: 2, text: [...problems, usage].join('\n') };
  return {
    kind: 'run',
    chosen: scenarios.filter((scenario) => wanted.some((name) => isMeant(scenario, name))),
    seconds,
    rounds,
    isJson: values.json,
    isCompiled: !values.sources,
    profileFolder: values.profile === undefined ? undefined : path.resolve(values.profile),
  };
}

/** By its name, or by the first part of it: `abuse` means all that begin with `abuse-`. */
function isMeant(scenario: Scenario, name: string): boolean {
  return scenario.name === name || scenario.name.startsWith(`${name}-`);
}

function buildUsage(scenarios: readonly Scenario[]): string {
  return `usage: npm run bench -- [--only names] [--seconds n] [--rounds n] [--json] [--sources] [--profile folder]
  --only a,b        only these scenarios; abuse means all that begin with abuse-
  --seconds 5       length of one run under load
  --rounds 3        runs of each contender; they alternate
  --json            one JSON object on stdout, progress on stderr
  --sources         our side runs the sources, not what npm run build makes of them
  --profile folder  write CPU profiles of our side there
scenarios:
${scenarios.map(({ name, summary }) => `  ${name.padEnd(23)} ${summary}`).join('\n')}`;
}
