import { availableParallelism, cpus } from 'node:os';
import { defaultLogPattern } from '@heddle/shared/logging/log-format';
import type { LogLevel } from '@heddle/shared/logging/logger';
import { parseLogLevel } from '../log-levels.ts';
import type { SidecarSettings } from '../settings.ts';
import { envoyFlags, type EnvoyFlag } from './envoy-flags.ts';
import { envoyLoggerNames } from './logger-names.ts';
import { FlagMistake, readFlags, type FlagValues } from './read-flags.ts';
import { toCommandLineOptions } from './command-line-options.ts';
import { helpText, mistakeText, versionText } from './usage.ts';

export interface EnvoySettings extends SidecarSettings {
  readonly baseIdPath: string | undefined;
  readonly baseId: number;
  /** Flags that were given and do nothing, as `--flag (why)`. */
  readonly ignoredFlags: readonly string[];
}

export type ParsedEnvoySettings =
  | { readonly kind: 'settings'; readonly settings: EnvoySettings }
  /** Something was asked for (0, for stdout), or is wrong (1, for stderr). */
  | { readonly kind: 'exit'; readonly code: 0 | 1; readonly text: string };

export interface Versions {
  /** Heddle's. */
  readonly heddle: string;
  /** The Envoy API's. */
  readonly api: string;
}

/** A value that makes no sense; the message is Envoy's where Envoy has one. */
class ValueMistake extends Error {}

/** Envoy's command line → settings. Mistakes end with 1, as Envoy's do. */
export function parseEnvoySettings(argv: readonly string[], versions: Versions): ParsedEnvoySettings {
  try {
    const flags = readFlags(argv);
    if (flags.has('help')) return { kind: 'exit', code: 0, text: helpText() };
    if (flags.has('version')) {
      return { kind: 'exit', code: 0, text: versionText(versions.heddle, versions.api) };
    }
    const settings = toSettings(flags);
    return flags.has('hot-restart-version')
      ? { kind: 'exit', code: 0, text: 'disabled\n' }
      : { kind: 'settings', settings };
  } catch (thrown) {
    if (thrown instanceof FlagMistake) return { kind: 'exit', code: 1, text: mistakeText(thrown) };
    if (thrown instanceof ValueMistake) return { kind: 'exit', code: 1, text: `error: ${thrown.message}\n` };
    throw thrown;
  }
}

const modes = ['serve', 'validate', 'init_only'] as const;
const drainStrategies = ['gradual', 'immediate'] as const;
const maxWorkerCount = 256;

function toSettings(flags: FlagValues): EnvoySettings {
  const logLevelName = flags.text('log-level') ?? 'info';
  checkComponents(flags);
  const mode = choose(modes, flags.text('mode') ?? 'serve', (word) => `unknown mode '${word}'`);
  const version = flags.text('local-address-ip-version') ?? 'v4';
  choose(['v4', 'v6'], version, (word) => `unknown IP address version '${word}'`);
  const drainStrategy = choose(
    drainStrategies,
    flags.text('drain-strategy') ?? 'gradual',
    (word) => `unknown drain-strategy '${word}'`,
  );
  checkStatsTags(flags.list('stats-tag'));
  checkHotRestart(flags);
  const concurrency = concurrencyOf(flags);
  const path = flags.text('config-path');
  const text = flags.text('config-yaml');
  const logPath = flags.text('log-path');
  const adminAddressPath = flags.text('admin-address-path');
  return {
    bootstrap: {
      kind: 'given',
      ...(path === undefined ? {} : { path }),
      ...(text === undefined ? {} : { text }),
    },
    nodeId: flags.text('service-node'),
    nodeCluster: flags.text('service-cluster'),
    nodeZone: flags.text('service-zone'),
    concurrency,
    logLevel: levelOf(logLevelName),
    log: {
      format: {
        pattern: flags.text('log-format') ?? defaultLogPattern,
        isEscaped: flags.has('log-format-escaped'),
      },
      ...(logPath === undefined ? {} : { path: logPath }),
    },
    drainTimeMs: (flags.count('drain-time-s') ?? 600) * 1000,
    drainStrategy,
    shutdownTimeMs: 0,
    mode,
    ...(adminAddressPath === undefined ? {} : { adminAddressPath }),
    accessLogFlush: {
      intervalMs: flags.count('file-flush-interval-msec') ?? 1000,
      sizeBytes: (flags.count('file-flush-min-size-kb') ?? 64) * 1024,
    },
    unknownFields: {
      isAllowedStatic: flags.has('allow-unknown-static-fields') || flags.has('allow-unknown-fields'),
      dynamic: dynamicPolicyOf(flags),
    },
    savedConfig: undefined,
    hasDeprecationWarnings: !flags.has('skip-deprecated-logs'),
    baseIdPath: flags.text('base-id-path'),
    baseId: flags.count('base-id') ?? 0,
    ignoredFlags: envoyFlags.flatMap((flag: EnvoyFlag & (typeof envoyFlags)[number]) =>
      flag.ignoredBecause !== undefined && flags.has(flag.name)
        ? [`--${flag.name} (${flag.ignoredBecause})`]
        : [],
    ),
    commandLineOptions: toCommandLineOptions(flags, { concurrency, mode, drainStrategy, logLevelName }),
  };
}

function choose<T extends string>(known: readonly T[], word: string, message: (word: string) => string): T {
  const found = known.find((one) => one === word);
  if (found === undefined) throw new ValueMistake(`${message(word)} (known: ${known.join(', ')})`);
  return found;
}

function levelOf(name: string): LogLevel {
  const level = parseLogLevel(name);
  if (level === undefined) throw new ValueMistake(`invalid log level specified '${name}'`);
  return level;
}

function checkComponents(flags: FlagValues): void {
  const text = flags.text('component-log-level') ?? '';
  if (text === '') return;
  if (flags.has('enable-fine-grain-logging')) {
    throw new ValueMistake('--component-log-level will not work with --enable-fine-grain-logging');
  }
  for (const pair of text.split(',')) {
    const [component = '', level, ...rest] = pair.split(':');
    if (level === undefined || rest.length > 0) {
      throw new ValueMistake(`component log level not correctly specified '${pair}'`);
    }
    if (!envoyLoggerNames.has(component)) {
      throw new ValueMistake(`invalid component specified '${component}'`);
    }
    levelOf(level);
  }
}

function checkStatsTags(tags: readonly string[]): void {
  const names = new Set<string>();
  for (const tag of tags) {
    const at = tag.indexOf(':');
    const name = tag.slice(0, Math.max(at, 0));
    if (at < 0) throw new ValueMistake(`misformatted stats-tag '${tag}'`);
    if (!/^[A-Za-z0-9_]+$/.test(name) || tag.slice(at + 1).includes('.')) {
      throw new ValueMistake(`misformatted stats-tag '${tag}' contains invalid char`);
    }
    if (names.has(name)) throw new ValueMistake(`stats-tag '${name}' occurs twice`);
    names.add(name);
  }
}

function checkHotRestart(flags: FlagValues): void {
  const epoch = flags.count('restart-epoch') ?? 0;
  if (epoch === 0) return;
  if (flags.has('use-dynamic-base-id')) {
    throw new ValueMistake(`cannot use --restart-epoch=${epoch} with --use-dynamic-base-id`);
  }
  throw new ValueMistake(
    `--restart-epoch ${epoch} is not supported: there is no hot restart; start a new process without the flag, and end the old one`,
  );
}

/** `--concurrency` counts; 0 is one thread, as in Envoy. */
function concurrencyOf(flags: FlagValues): number {
  const asked = flags.count('concurrency');
  if (asked === undefined) return flags.has('cpuset-threads') ? availableParallelism() : cpus().length || 1;
  if (asked > maxWorkerCount) throw new ValueMistake(`--concurrency ${asked} is above ${maxWorkerCount}`);
  return Math.max(1, asked);
}

function dynamicPolicyOf(flags: FlagValues): SidecarSettings['unknownFields']['dynamic'] {
  if (flags.has('reject-unknown-dynamic-fields')) return 'refuse';
  return flags.has('ignore-unknown-dynamic-fields') ? 'ignore' : 'warn';
}
