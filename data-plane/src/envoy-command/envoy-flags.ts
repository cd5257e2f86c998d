import { defaultLogPattern } from '@heddle/shared/logging/log-format';

/** One flag of Envoy's command line. */
export interface EnvoyFlag {
  readonly name: string;
  readonly short?: string;
  /** `count`: an unsigned number of 32 bits; `list`: may be given several times. */
  readonly kind: 'switch' | 'text' | 'count' | 'list';
  readonly help: string;
  /** It is taken, and does nothing here. */
  readonly ignoredBecause?: string;
}

const noHotRestart = 'there is no hot restart';

/** All flags of Envoy 1.40, in the order of the help. */
export const envoyFlags = [
  {
    name: 'config-path',
    short: 'c',
    kind: 'text',
    help: 'bootstrap file: .yaml, .yml, .json (also without a suffix), .pb',
  },
  { name: 'config-yaml', kind: 'text', help: 'a bootstrap as YAML, merged over the file' },
  { name: 'mode', kind: 'text', help: 'serve (default), validate (check everything and end) or init_only' },
  { name: 'concurrency', kind: 'count', help: 'worker threads (default: one for each core)' },
  {
    name: 'cpuset-threads',
    kind: 'switch',
    help: 'one worker thread for each core that the process may use',
  },
  { name: 'service-node', kind: 'text', help: 'id of the node, over the file’s' },
  { name: 'service-cluster', kind: 'text', help: 'cluster of the node, over the file’s' },
  { name: 'service-zone', kind: 'text', help: 'zone of the node, over the file’s' },
  {
    name: 'log-level',
    short: 'l',
    kind: 'text',
    help: 'trace, debug, info (default), warning, error, critical, off',
  },
  {
    name: 'component-log-level',
    kind: 'text',
    help: 'levels of single components, such as upstream:debug,config:trace',
    ignoredBecause: 'the log has one level for all components',
  },
  {
    name: 'log-format',
    kind: 'text',
    help: `lines of the log, in spdlog’s language (default: ${defaultLogPattern})`,
  },
  {
    name: 'log-format-escaped',
    kind: 'switch',
    help: 'escape what is not printable, so that a message is one line',
  },
  { name: 'log-path', kind: 'text', help: 'write the log to this file instead of stderr' },
  {
    name: 'enable-fine-grain-logging',
    kind: 'switch',
    help: 'levels for each source file',
    ignoredBecause: 'the log has one level for all components',
  },
  {
    name: 'log-stacktrace-single-entry',
    kind: 'switch',
    help: 'a stack trace as one log entry',
    ignoredBecause: 'a stack trace always is one entry',
  },
  { name: 'admin-address-path', kind: 'text', help: 'write the address of the admin interface to this file' },
  { name: 'drain-time-s', kind: 'count', help: 'how long what is replaced drains (default: 600)' },
  { name: 'drain-strategy', kind: 'text', help: 'gradual (default) or immediate' },
  {
    name: 'file-flush-interval-msec',
    kind: 'count',
    help: 'access logs are written at least this often (default: 1000)',
  },
  { name: 'file-flush-min-size-kb', kind: 'count', help: 'and as soon as so much is buffered (default: 64)' },
  {
    name: 'allow-unknown-static-fields',
    kind: 'switch',
    help: 'unknown fields of the bootstrap are no mistake',
  },
  { name: 'allow-unknown-fields', kind: 'switch', help: 'the old name of --allow-unknown-static-fields' },
  {
    name: 'reject-unknown-dynamic-fields',
    kind: 'switch',
    help: 'unknown fields that come over xDS are a mistake',
  },
  { name: 'ignore-unknown-dynamic-fields', kind: 'switch', help: 'and no warning either' },
  { name: 'skip-deprecated-logs', kind: 'switch', help: 'no warnings about deprecated fields' },
  {
    name: 'local-address-ip-version',
    kind: 'text',
    help: 'v4 (default) or v6',
    ignoredBecause: 'the address of the machine is the first that it has',
  },
  {
    name: 'stats-tag',
    kind: 'list',
    help: 'a tag for all statistics, as name:value',
    ignoredBecause: 'statistics have the tags of their names alone',
  },
  {
    name: 'disable-extensions',
    kind: 'text',
    help: 'extensions that must not be used, with commas between them',
    ignoredBecause: 'what a configuration does not name does not run',
  },
  {
    name: 'enable-core-dump',
    kind: 'switch',
    help: 'enable core dumps',
    ignoredBecause: 'the limits of the system decide (ulimit -c)',
  },
  {
    name: 'enable-mutex-tracing',
    kind: 'switch',
    help: 'trace contention of locks',
    ignoredBecause: 'there are no locks',
  },
  { name: 'disable-hot-restart', kind: 'switch', help: 'no hot restart, which there is none of' },
  { name: 'restart-epoch', kind: 'count', help: 'only 0: there is no hot restart' },
  {
    name: 'hot-restart-version',
    kind: 'switch',
    help: 'print the version of the hot restart protocol (disabled), and end',
  },
  { name: 'base-id', kind: 'count', help: 'which processes belong together in a hot restart' },
  { name: 'use-dynamic-base-id', kind: 'switch', help: 'choose a base id' },
  { name: 'base-id-path', kind: 'text', help: 'write the base id to this file' },
  {
    name: 'parent-shutdown-time-s',
    kind: 'count',
    help: 'when the parent of a hot restart ends',
    ignoredBecause: noHotRestart,
  },
  { name: 'socket-path', kind: 'text', help: 'socket of the hot restart', ignoredBecause: noHotRestart },
  { name: 'socket-mode', kind: 'text', help: 'permissions of that socket', ignoredBecause: noHotRestart },
  {
    name: 'skip-hot-restart-on-no-parent',
    kind: 'switch',
    help: 'start without a parent',
    ignoredBecause: noHotRestart,
  },
  {
    name: 'skip-hot-restart-parent-stats',
    kind: 'switch',
    help: 'take no statistics from the parent',
    ignoredBecause: noHotRestart,
  },
  { name: 'version', kind: 'switch', help: 'print the version and end' },
  { name: 'help', short: 'h', kind: 'switch', help: 'print this help and end' },
] as const satisfies readonly EnvoyFlag[];

export type EnvoyFlagName = (typeof envoyFlags)[number]['name'];
