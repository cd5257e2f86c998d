import { envoyFlags, type EnvoyFlag } from './envoy-flags.ts';
import type { FlagMistake } from './read-flags.ts';

const program = 'envoy';
const introduction = 'The data plane of Heddle, with the command line of Envoy 1.40.';

/**
 * One line that names five parts, as Envoy's: revision, version, state of the source, kind of build, TLS library. The
 * version is that of the Envoy API, which launchers compare with what they know.
 */
export function versionParts(version: string, apiVersion: string): string {
  return `heddle-${version}/${apiVersion}/Clean/RELEASE/OpenSSL`;
}

export function versionText(version: string, apiVersion: string): string {
  return `${program}  version: ${versionParts(version, apiVersion)}\n`;
}

export function helpText(): string {
  const rows = envoyFlags.map((flag): [string, string] => [` ${spellingOf(flag)}`, toHelp(flag)]);
  const width = Math.max(...rows.map(([spelling]) => spelling.length)) + 2;
  const lines = rows.map(([spelling, help]) => `${spelling.padEnd(width)}${help}\n`);
  return `\nUSAGE:\n\n   ${program} -c <file> [flags]\n\n${introduction}\n\nWhere:\n\n${lines.join('')}\n`;
}

/** Envoy's form: scripts look for its first line. */
export function mistakeText({ argument, message }: FlagMistake): string {
  return `PARSE ERROR: Argument: ${argument}
             ${message}

For complete USAGE and HELP type:
   ${program} --help

`;
}

function spellingOf({ name, short, kind }: EnvoyFlag): string {
  const value = { switch: '', text: ' <string>', count: ' <uint32_t>', list: ' <string> ...' }[kind];
  return `${short === undefined ? '' : `-${short}, `}--${name}${value}`;
}

function toHelp({ help, ignoredBecause }: EnvoyFlag): string {
  return ignoredBecause === undefined ? help : `${help} (does nothing here: ${ignoredBecause})`;
}
