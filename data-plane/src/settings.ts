import { availableParallelism } from 'node:os';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '@heddle/shared/logging/logger';
import type { UnknownFieldPolicy } from './config/resources/decode-context.ts';
import type { LogFlush } from './downstream/http/access-log/log-file.ts';
import { logLevelNames, parseLogLevel } from './log-levels.ts';
import type { LogOutput } from './process-log.ts';

/** Everything that a sidecar is told on its command line. */
export interface SidecarSettings {
  readonly bootstrap:
    /** A file, a text (`--config-yaml`), or both: then the text is merged over the file. */
    | { readonly kind: 'given'; readonly path?: string; readonly text?: string }
    | { readonly kind: 'flags'; readonly flags: SidecarFlags };
  /** Over what the bootstrap says. */
  readonly nodeId: string | undefined;
  readonly nodeCluster: string | undefined;
  readonly nodeZone: string | undefined;
  /** Worker threads. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly log: LogOutput;
  readonly drainTimeMs: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  /** How long an end by signal waits for connections. */
  readonly shutdownTimeMs: number;
  /** `validate`: check the configuration and end; `init_only`: start what is static too, and end. */
  readonly mode: 'serve' | 'validate' | 'init_only';
  /** File that gets the address of the admin interface. */
  readonly adminAddressPath?: string;
  readonly accessLogFlush: LogFlush;
  readonly unknownFields: {
    /** Of the bootstrap: they are warned of, not refused. */
    readonly isAllowedStatic: boolean;
    /** Of what comes over xDS. */
    readonly dynamic: UnknownFieldPolicy;
  };
  readonly hasDeprecationWarnings: boolean;
  /** Of CSDS over gRPC, at the address of the admin interface; undefined: it is not offered. */
  readonly clientStatusPort?: number | undefined;
  /** Where the last good configuration is kept; undefined: nowhere. */
  readonly savedConfig: SavedConfigSettings | undefined;
  /** As `/server_info` shows them. */
  readonly commandLineOptions: Readonly<Record<string, unknown>>;
}

export interface SavedConfigSettings {
  readonly path: string;
  /** File of the key that encrypts it. */
  readonly keyPath: string | undefined;
  /** The sidecar starts from it when control planes have been silent for so long. */
  readonly waitMs: number;
}

/** A sidecar without a bootstrap file: what it would have said. */
export interface SidecarFlags {
  /** `host:port` of the control plane. */
  readonly controlPlane: string;
  /** Incremental xDS; otherwise state of the world. */
  readonly isDelta: boolean;
  /** The control plane is told the load of each cluster. */
  readonly reportsLoad?: boolean;
  /** What the control plane reads in the node's metadata under `heddle`: only what was said. */
  readonly nodeMetadata: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly adminAddress: string;
  readonly adminPort: number;
}

export type ParsedSettings =
  | { readonly kind: 'settings'; readonly settings: SidecarSettings }
  /** Help, version, or a mistake: `text` was asked for (exit code 0) or says what is wrong (2). */
  | { readonly kind: 'exit'; readonly code: number; readonly text: string };

/** As a sidecar, two threads carry more than most applications beside it send. */
const defaultConcurrency = Math.min(2, availableParallelism());

interface RawOptions {
  configPath?: string;
  configYaml?: string;
  controlPlane?: string;
  nodeId?: string;
  serviceNode?: string;
  serviceCluster?: string;
  serviceZone?: string;
  delta: boolean;
  reportLoad?: boolean;
  service?: string;
  instance?: string;
  upstreams?: string[];
  listenAddress?: string;
  outboundPort?: number;
  servicePorts: boolean;
  inboundAddress?: string;
  inboundPort?: number;
  appAddress?: string;
  appPort?: number;
  adminAddress: string;
  adminPort: number;
  concurrency: number;
  logLevel: LogLevel;
  drainTimeS: number;
  drainStrategy: 'gradual' | 'immediate';
  shutdownTimeS: number;
  mode: 'serve' | 'validate';
  clientStatusPort?: number;
  savedConfig?: string;
  savedConfigKey?: string;
  savedConfigWaitS: number;
}

export function parseSettings(argv: readonly string[], version: string): ParsedSettings {
  let output = '';
  const command = createCommand(version).configureOutput({
    writeOut: (text) => void (output += text),
    writeErr: (text) => void (output += text),
  });
  try {
    command.parse(argv, { from: 'user' });
    return { kind: 'settings', settings: toSettings(command, command.opts<RawOptions>()) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2, text: output };
  }
}

function createCommand(version: string): Command {
  return new Command('heddle sidecar')
    .description('The data plane of Heddle: a proxy that takes its configuration from xDS v3 or from a file.')
    .exitOverride()
    .version(version)
    .helpOption('-h, --help', 'print this help')
    .addOption(
      new Option('-c, --config-path <file>', 'an Envoy bootstrap file, YAML or JSON').conflicts([
        'controlPlane',
      ]),
    )
    .addOption(
      new Option('--config-yaml <text>', 'a bootstrap as text, merged over the file').conflicts(
        'controlPlane',
      ),
    )
    .option('--control-plane <host:port>', 'no bootstrap file: take everything from this control plane')
    .option('--node-id <id>', 'id of this proxy (with a file: over the file’s)')
    .option('--service-node <id>', 'the same, under Envoy’s name')
    .option('--service-cluster <name>', 'cluster of the node')
    .option('--service-zone <name>', 'zone of the node')
    .option('--delta', 'incremental xDS (default; --no-delta: state of the world)', true)
    .option('--no-delta')
    .option('--report-load', 'tell the control plane how many requests go to each service (LRS)')
    .option('--service <name>', 'the service whose instance runs beside this proxy')
    .option('--instance <id>', 'id of that instance (default: the node id)')
    .option('--upstreams <names>', 'services that are called, comma-separated (default: all)', parseNames)
    .option('--listen-address <ip>', 'where applications send outbound requests (default: 127.0.0.1)')
    .option('--outbound-port <port>', 'and the port (default: 15001)', parsePort)
    .option('--no-service-ports', 'do not offer services on the ports of their own that they ask for')
    .option('--inbound-address <ip>', 'where other proxies reach the application (default: 0.0.0.0)')
    .option('--inbound-port <port>', 'and the port (default: 15006)', parsePort)
    .option('--app-address <ip>', 'address of the application (default: 127.0.0.1)')
    .option('--app-port <port>', 'and the port (default: the one of the registered instance)', parsePort)
    .option('--admin-address <ip>', 'address of the admin interface', '127.0.0.1')
    .option('--admin-port <port>', 'and the port', parsePort, 9901)
    .option('--client-status-port <port>', 'offer CSDS over gRPC at that address, on this port', parsePort)
    .option('--concurrency <count>', 'worker threads', parseCount, defaultConcurrency)
    .option('-l, --log-level <level>', `one of ${logLevelNames.join(', ')}`, parseLevel, 'info')
    .option(
      '--drain-time-s <seconds>',
      'how long connections of a listener that is gone live on',
      parseSeconds,
      600,
    )
    .addOption(
      new Option('--drain-strategy <how>', 'how connections are closed over that time')
        .choices(['gradual', 'immediate'])
        .default('gradual'),
    )
    .option('--shutdown-time-s <seconds>', 'how long SIGTERM waits for open connections', parseSeconds, 5)
    .addOption(
      new Option('--mode <mode>', 'serve, or check the configuration and end')
        .choices(['serve', 'validate'])
        .default('serve'),
    )
    .option(
      '--saved-config <file>',
      'keep the last good configuration here, to start while no control plane answers',
    )
    .option('--saved-config-key <file>', 'encrypt it with this key: 32 bytes, also as hex or base64')
    .option('--saved-config-wait-s <seconds>', 'how long to wait for a control plane before', parseSeconds, 2)
    .addHelpText(
      'after',
      `
Examples:
  heddle sidecar -c bootstrap.yaml
  heddle sidecar --control-plane 127.0.0.1:18000 --node-id web-1 --service web --app-port 8080
  heddle sidecar -c bootstrap.yaml --mode validate`,
    );
}

function toSettings(command: Command, options: RawOptions): SidecarSettings {
  const nodeId = options.nodeId ?? options.serviceNode;
  return {
    bootstrap: toBootstrap(command, options, nodeId),
    nodeId,
    nodeCluster: options.serviceCluster,
    nodeZone: options.serviceZone,
    concurrency: options.concurrency,
    logLevel: options.logLevel,
    log: {},
    drainTimeMs: options.drainTimeS * 1000,
    drainStrategy: options.drainStrategy,
    shutdownTimeMs: options.shutdownTimeS * 1000,
    mode: options.mode,
    accessLogFlush: { intervalMs: 1000, sizeBytes: 64 * 1024 },
    unknownFields: { isAllowedStatic: false, dynamic: 'warn' },
    hasDeprecationWarnings: true,
    clientStatusPort: options.clientStatusPort,
    savedConfig: toSavedConfig(command, options),
    commandLineOptions: {
      concurrency: options.concurrency,
      ...(options.configPath === undefined ? {} : { config_path: options.configPath }),
      ...(options.configYaml === undefined ? {} : { config_yaml: options.configYaml }),
      log_level: options.logLevel,
      ...(nodeId === undefined ? {} : { service_node: nodeId }),
      ...(options.serviceCluster === undefined ? {} : { service_cluster: options.serviceCluster }),
      mode: options.mode === 'validate' ? 'Validate' : 'Serve',
      drain_strategy: options.drainStrategy === 'gradual' ? 'Gradual' : 'Immediate',
      drain_time: `${options.drainTimeS}s`,
    },
  };
}

function toSavedConfig(command: Command, options: RawOptions): SavedConfigSettings | undefined {
  const { savedConfig: path, savedConfigKey: keyPath, savedConfigWaitS } = options;
  if (path !== undefined) return { path, keyPath, waitMs: savedConfigWaitS * 1000 };
  if (keyPath !== undefined)
    command.error('error: --saved-config-key needs --saved-config: there is nothing to encrypt');
  return undefined;
}

function toBootstrap(
  command: Command,
  options: RawOptions,
  nodeId: string | undefined,
): SidecarSettings['bootstrap'] {
  const { configPath, configYaml } = options;
  if (configPath !== undefined || configYaml !== undefined) {
    return {
      kind: 'given',
      ...(configPath === undefined ? {} : { path: configPath }),
      ...(configYaml === undefined ? {} : { text: configYaml }),
    };
  }
  if (options.controlPlane === undefined) {
    command.error('error: give a bootstrap file (-c file), or a control plane (--control-plane host:port)');
  }
  if (nodeId === undefined)
    command.error('error: --control-plane needs --node-id: a name of this proxy that no other has');
  return { kind: 'flags', flags: toFlags(options, options.controlPlane) };
}

function toFlags(options: RawOptions, controlPlane: string): SidecarFlags {
  const { delta, adminAddress, adminPort } = options;
  const said = {
    service: options.service,
    instance: options.instance,
    upstreams: options.upstreams,
    listenAddress: options.listenAddress,
    outboundPort: options.outboundPort,
    servicePorts: options.servicePorts ? undefined : false,
    inboundAddress: options.inboundAddress,
    inboundPort: options.inboundPort,
    appAddress: options.appAddress,
    appPort: options.appPort,
  };
  const nodeMetadata = Object.fromEntries(
    Object.entries(said).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return {
    controlPlane,
    isDelta: delta,
    ...(options.reportLoad === true ? { reportsLoad: true } : {}),
    adminAddress,
    adminPort,
    nodeMetadata,
  };
}

function parseInteger(text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  }
  return value;
}

const parsePort = (text: string): number => parseInteger(text, 0, 65_535);
const parseCount = (text: string): number => parseInteger(text, 1, 256);
const parseSeconds = (text: string): number => parseInteger(text, 0, 86_400);

function parseNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function parseLevel(text: string): LogLevel {
  const level = parseLogLevel(text);
  if (level === undefined) throw new InvalidArgumentError(`It must be one of ${logLevelNames.join(', ')}.`);
  return level;
}
