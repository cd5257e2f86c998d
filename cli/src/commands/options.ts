import { InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../context.ts';

export interface ServerOptions {
  readonly server: string;
}

export function serverOption({ settings }: CliContext): Option {
  return new Option('-s, --server <url>', 'address of the REST API').default(settings.server);
}

/** An argument parser for a whole number within bounds; commander prints what it throws. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${lowest} to ${highest}.`);
  };
}

/** Collects `name=value`, given any number of times. */
export function collectPair(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError('Expected name=value.');
  return { ...previous, [text.slice(0, split)]: text.slice(split + 1) };
}

/** Examples under a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
