import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { LogLevel } from '@heddle/shared/logging/logger';
import type { XdsTlsSettings } from './xds/xds-certificates.ts';

export type RegistrySettings =
  | { readonly kind: 'embedded'; readonly file: string; readonly isDefault: boolean }
  | { readonly kind: 'redis'; readonly url: string };

/** Everything that a control plane can be told from outside. */
export interface Settings {
  readonly bindAddress: string;
  /** 0: any free port. */
  readonly restPort: number;
  readonly xdsPort: number;
  /** Absent: xDS in the clear. */
  readonly xdsTls?: XdsTlsSettings;
  readonly registry: RegistrySettings;
  readonly registryTimeoutMs: number;
  /** Of a service's instances, within the window, by expired leases; what would be more is held. 100: all may go. */
  readonly maxLossPercent: number;
  readonly lossWindowMs: number;
  readonly debounceQuietMs: number;
  readonly debounceMaxMs: number;
  readonly ackTimeoutMs: number;
  readonly loadReportIntervalMs: number;
  readonly stopTimeoutMs: number;
  readonly logLevel: LogLevel;
}

export type ParsedSettings =
  | { readonly kind: 'run'; readonly settings: Settings }
  /** Help or version was asked for, or something is wrong: print `text` and end. */
  | { readonly kind: 'exit'; readonly code: 0 | 2; readonly text: string };

interface Flag {
  readonly name: string;
  readonly env: string;
  readonly value: string;
  readonly default: string;
  readonly help: string;
  /** What is wrong with a text; undefined when nothing is. */
  readonly check: (text: string) => string | undefined;
}

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
export const defaultRegistryFile = '.heddle/registry.db';

const anyText = (): undefined => undefined;
const port = integerBetween(0, 65_535);
const milliseconds = integerBetween(0, 3_600_000);

/** The one list of flags; help, checks and docs/config.md follow it. A flag wins over its variable. */
export const flags = [
  {
    name: 'bind',
    env: 'HEDDLE_BIND',
    value: 'ip',
    default: '127.0.0.1',
    help: 'address of both ports; 0.0.0.0 or :: is every address',
    check: (text) => (isIP(text) === 0 ? 'expected an IPv4 or IPv6 address' : undefined),
  },
  {
    name: 'rest-port',
    env: 'HEDDLE_REST_PORT',
    value: 'port',
    default: '8600',
    help: 'REST API',
    check: port,
  },
  {
    name: 'xds-port',
    env: 'HEDDLE_XDS_PORT',
    value: 'port',
    default: '18000',
    help: 'xDS (gRPC)',
    check: port,
  },
  {
    name: 'xds-tls-cert',
    env: 'HEDDLE_XDS_TLS_CERT',
    value: 'file',
    default: '',
    help: 'certificate of the xDS port in PEM, with those between it and its authority; without it xDS is in the clear',
    check: anyText,
  },
  {
    name: 'xds-tls-key',
    env: 'HEDDLE_XDS_TLS_KEY',
    value: 'file',
    default: '',
    help: 'its key in PEM',
    check: anyText,
  },
  {
    name: 'xds-tls-client-ca',
    env: 'HEDDLE_XDS_TLS_CLIENT_CA',
    value: 'file',
    default: '',
    help: 'authorities in PEM: proxies must show a certificate of one of them',
    check: anyText,
  },
  {
    name: 'registry',
    env: 'HEDDLE_REGISTRY',
    value: 'file|url',
    default: defaultRegistryFile,
    help: 'a file for one control plane, or redis://… or rediss://… shared by several',
    check: checkRegistry,
  },
  {
    name: 'registry-timeout-ms',
    env: 'HEDDLE_REGISTRY_TIMEOUT_MS',
    value: 'ms',
    default: '5000',
    help: 'how long the start waits for Redis',
    check: milliseconds,
  },
  {
    name: 'max-loss-percent',
    env: 'HEDDLE_MAX_LOSS_PERCENT',
    value: 'percent',
    default: '50',
    help: 'how much of a service may go at once because leases expire; more is held; 100 holds nothing',
    check: integerBetween(0, 100),
  },
  {
    name: 'loss-window-ms',
    env: 'HEDDLE_LOSS_WINDOW_MS',
    value: 'ms',
    default: '60000',
    help: 'what expires within so much time counts as at once',
    check: milliseconds,
  },
  {
    name: 'debounce-quiet-ms',
    env: 'HEDDLE_DEBOUNCE_QUIET_MS',
    value: 'ms',
    default: '20',
    help: 'changes that follow one another closer than this go out together',
    check: milliseconds,
  },
  {
    name: 'debounce-max-ms',
    env: 'HEDDLE_DEBOUNCE_MAX_MS',
    value: 'ms',
    default: '200',
    help: 'and wait for one another at most this long',
    check: milliseconds,
  },
  {
    name: 'ack-timeout-ms',
    env: 'HEDDLE_ACK_TIMEOUT_MS',
    value: 'ms',
    default: '5000',
    help: 'how long routes wait for a proxy that does not acknowledge their clusters',
    check: milliseconds,
  },
  {
    name: 'load-report-interval-ms',
    env: 'HEDDLE_LOAD_REPORT_INTERVAL_MS',
    value: 'ms',
    default: '10000',
    help: 'how often proxies that report their load (LRS) are asked to',
    check: integerBetween(100, 3_600_000),
  },
  {
    name: 'stop-timeout-ms',
    env: 'HEDDLE_STOP_TIMEOUT_MS',
    value: 'ms',
    default: '5000',
    help: 'how long a stop may take',
    check: milliseconds,
  },
  {
    name: 'log-level',
    env: 'HEDDLE_LOG_LEVEL',
    value: 'level',
    default: 'info',
    help: logLevels.join(', '),
    check: (text) =>
      (logLevels as readonly string[]).includes(text) ? undefined : `expected one of ${logLevels.join(', ')}`,
  },
] as const satisfies readonly Flag[];

type FlagName = (typeof flags)[number]['name'];

/** `argv` without the program; `version` is what `--version` prints. */
export function parseSettings(
  argv: readonly string[],
  version: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ParsedSettings {
  let given: Record<string, unknown>;
  try {
    given = parseArgs({
      args: [...argv],
      options: argOptions(),
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (thrown) {
    const [line] = (thrown instanceof Error ? thrown.message : String(thrown)).split('. ');
    return { kind: 'exit', code: 2, text: `${line}; --help lists what there is\n` };
  }
  if (given['help'] === true) return { kind: 'exit', code: 0, text: helpText() };
  if (given['version'] === true) return { kind: 'exit', code: 0, text: `${version}\n` };

  const texts = new Map<FlagName, string>();
  const problems: string[] = [];
  for (const flag of flags) {
    const fromFlag = given[flag.name];
    const fromEnv = environment[flag.env];
    const hasEnv = fromEnv !== undefined && fromEnv !== '';
    const text = typeof fromFlag === 'string' ? fromFlag : hasEnv ? fromEnv : flag.default;
    const problem = flag.check(text);
    const where = typeof fromFlag === 'string' ? `--${flag.name}` : flag.env;
    if (problem !== undefined) problems.push(`${where} ${JSON.stringify(text)}: ${problem}`);
    texts.set(flag.name, text);
  }
  problems.push(...problemsOfXdsTls((name) => texts.get(name) ?? ''));
  if (problems.length > 0)
    return { kind: 'exit', code: 2, text: problems.map((line) => `${line}\n`).join('') };
  return { kind: 'run', settings: toSettings((name) => texts.get(name) ?? '') };
}

function toSettings(text: (name: FlagName) => string): Settings {
  const number = (name: FlagName): number => Number(text(name));
  return {
    bindAddress: text('bind'),
    restPort: number('rest-port'),
    xdsPort: number('xds-port'),
    ...toXdsTls(text),
    registry: toRegistry(text('registry')),
    registryTimeoutMs: number('registry-timeout-ms'),
    maxLossPercent: number('max-loss-percent'),
    lossWindowMs: number('loss-window-ms'),
    debounceQuietMs: number('debounce-quiet-ms'),
    debounceMaxMs: number('debounce-max-ms'),
    ackTimeoutMs: number('ack-timeout-ms'),
    loadReportIntervalMs: number('load-report-interval-ms'),
    stopTimeoutMs: number('stop-timeout-ms'),
    logLevel: logLevels.find((level) => level === text('log-level')) ?? 'info',
  };
}

function problemsOfXdsTls(text: (name: FlagName) => string): string[] {
  const hasCert = text('xds-tls-cert') !== '';
  if (hasCert !== (text('xds-tls-key') !== '')) {
    return ['--xds-tls-cert and --xds-tls-key: one needs the other'];
  }
  return hasCert || text('xds-tls-client-ca') === '' ? [] : ['--xds-tls-client-ca: needs --xds-tls-cert'];
}

function toXdsTls(text: (name: FlagName) => string): Pick<Settings, 'xdsTls'> {
  const certFile = text('xds-tls-cert');
  const clientCaFile = text('xds-tls-client-ca');
  if (certFile === '') return {};
  const keyFile = text('xds-tls-key');
  return { xdsTls: { certFile, keyFile, ...(clientCaFile === '' ? {} : { clientCaFile }) } };
}

function toRegistry(text: string): RegistrySettings {
  if (text.includes('://')) return { kind: 'redis', url: text };
  return { kind: 'embedded', file: text, isDefault: text === defaultRegistryFile };
}

function checkRegistry(text: string): string | undefined {
  if (text === '') return 'expected a file or a redis:// URL';
  if (!text.includes('://')) return undefined;
  if (!/^rediss?:\/\//.test(text)) return 'expected redis:// or rediss://, or the path of a file';
  return URL.canParse(text) ? undefined : 'not a URL';
}

function integerBetween(minimum: number, maximum: number): (text: string) => string | undefined {
  return (text) =>
    /^\d{1,9}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum
      ? undefined
      : `expected a whole number from ${minimum} to ${maximum}`;
}

function argOptions() {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'V' },
  };
  for (const { name } of flags) options[name] = { type: 'string' };
  return options;
}

function helpText(): string {
  const rows = flags.map((flag) => {
    const left = `  --${flag.name} <${flag.value}>`.padEnd(32);
    const standard = flag.default === '' ? 'none' : flag.default;
    return `${left}${flag.help} (${standard}; ${flag.env})`;
  });
  return `Usage: heddle control-plane [options]

The control plane of Heddle: the mesh's objects over REST, and what follows from them over xDS v3.

Options (default; environment variable):
${rows.join('\n')}
  -h, --help                    print this help
  -V, --version                 print the version

Examples:
  heddle control-plane
  heddle control-plane --registry redis://10.0.0.5:6379 --bind 0.0.0.0
`;
}
