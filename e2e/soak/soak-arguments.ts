import { parseArgs } from 'node:util';
import { allBreakages } from '../faults/breakages.ts';

export type SoakArguments =
  | {
      readonly kind: 'run';
      readonly minutes: number;
      readonly seed: number;
      readonly sampleSeconds: number;
      readonly registry: 'redis' | 'embedded' | undefined;
      readonly breakage: string | undefined;
      readonly isJson: boolean;
    }
  | { readonly kind: 'exit'; readonly code: 0 | 2; readonly text: string };

const usage = `usage: npm run soak -- [--minutes n] [--seed n] [--sample-seconds n] [--registry kind] [--json]
  --minutes 10         how long, and eight rounds at least; Ctrl-C: the round that runs is the last one
  --seed 1             the changes and faults of another seed
  --sample-seconds 5   every process is looked at so often, and at the end of each round
  --registry redis     redis: two control planes; embedded: one; redis unless redis-server is missing
  --break name         one sidecar misbehaves on purpose: ${Object.keys(allBreakages).join(', ')}
  --json               one JSON object with all samples on stdout, progress on stderr`;

/** Reads the flags of `npm run soak`. */
export function parseSoakArguments(argv: readonly string[]): SoakArguments {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        'sample-seconds': { type: 'string', default: '5' },
        registry: { type: 'string' },
        break: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    return refusal([error instanceof Error ? error.message : String(error)]);
  }
  if (values.help) return { kind: 'exit', code: 0, text: usage };
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  const sampleSeconds = Number(values['sample-seconds']);
  const { registry, break: breakage } = values;
  const problems = [
    ...(minutes > 0 && Number.isFinite(minutes) ? [] : ['--minutes: expected a number above 0']),
    ...(Number.isSafeInteger(seed) && seed >= 0 ? [] : ['--seed: expected a whole number']),
    ...(sampleSeconds > 0 && Number.isFinite(sampleSeconds)
      ? []
      : ['--sample-seconds: expected a number above 0']),
    ...(registry === undefined || registry === 'redis' || registry === 'embedded'
      ? []
      : ['--registry: expected redis or embedded']),
    ...(breakage === undefined || Object.hasOwn(allBreakages, breakage)
      ? []
      : [`--break: nothing is called "${breakage}"`]),
  ];
  if (problems.length > 0) return refusal(problems);
  return {
    kind: 'run',
    minutes,
    seed,
    sampleSeconds,
    registry: registry === 'redis' || registry === 'embedded' ? registry : undefined,
    breakage,
    isJson: values.json,
  };
}

function refusal(problems: readonly string[]): SoakArguments {
  return { kind: 'exit', code: 2, text: [...problems, usage].join('\n') };
}
