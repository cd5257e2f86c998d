import { parseArgs } from 'node:util';
import { suggestion } from '@heddle/shared/model/did-you-mean';
import { envoyFlags, type EnvoyFlag, type EnvoyFlagName } from './envoy-flags.ts';

/** What stands on the command line, before it is known to make sense. */
export interface FlagValues {
  has(name: EnvoyFlagName): boolean;
  text(name: EnvoyFlagName): string | undefined;
  count(name: EnvoyFlagName): number | undefined;
  list(name: EnvoyFlagName): readonly string[];
}

/** A word that cannot be understood: `argument` as Envoy shows it, and what is wrong with it. */
export class FlagMistake extends Error {
  readonly argument: string;

  constructor(argument: string, message: string) {
    super(message);
    this.name = 'FlagMistake';
    this.argument = argument;
  }
}

const maxCount = 2 ** 32 - 1;

/**
 * Reads words as Envoy does, and `--flag=value` and `-cfile` beside it. What follows a lone `--` is passed over.
 *
 * @throws FlagMistake for the first word that is wrong
 */
export function readFlags(argv: readonly string[]): FlagValues {
  const flags = new Map<string, EnvoyFlag>(envoyFlags.map((flag) => [flag.name, flag]));
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(envoyFlags.map((flag) => [flag.name, toParseOption(flag)])),
  });
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') break;
    if (token.kind === 'positional') throw new FlagMistake(token.value, noMatch(token.value));
    const flag = flags.get(token.name);
    if (flag === undefined) throw new FlagMistake(token.rawName, noMatch(token.rawName));
    const argument = describe(flag);
    const earlier = values.get(flag.name);
    if (earlier !== undefined && flag.kind !== 'list')
      throw new FlagMistake(argument, 'Argument already set!');
    values.set(flag.name, [...(earlier ?? []), valueOf(flag, token.value, argument)]);
  }
  const text = (name: EnvoyFlagName): string | undefined => values.get(name)?.[0];
  return {
    has: (name) => values.has(name),
    text,
    count(name) {
      const value = text(name);
      return value === undefined ? undefined : Number(value);
    },
    list: (name) => values.get(name) ?? [],
  };
}

function toParseOption(flag: EnvoyFlag): { type: 'boolean' | 'string'; short?: string } {
  const type = flag.kind === 'switch' ? 'boolean' : 'string';
  return flag.short === undefined ? { type } : { type, short: flag.short };
}

function valueOf({ kind }: EnvoyFlag, value: string | undefined, argument: string): string {
  if (kind === 'switch') {
    if (value !== undefined) throw new FlagMistake(argument, `Takes no value, found '${value}'`);
    return '';
  }
  if (value === undefined) throw new FlagMistake(argument, 'Missing a value for this argument!');
  if (kind === 'count' && !(/^\d+$/.test(value) && Number(value) <= maxCount)) {
    throw new FlagMistake(`(${argument})`, `Couldn't read argument value from string '${value}'`);
  }
  return value;
}

function describe({ name, short }: EnvoyFlag): string {
  return short === undefined ? `--${name}` : `-${short} (--${name})`;
}

function noMatch(word: string): string {
  const hint = suggestion(
    word,
    envoyFlags.map(({ name }) => `--${name}`),
  );
  return `Couldn't find match for argument${hint}`;
}
