import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { ManagedProcess } from '@heddle/shared/processes/managed-process';
import { findFreePort, findFreePorts } from '@heddle/shared/testing/free-port';
import { createFaultInlet, type InjectedFault } from '../faults/injected-fault.ts';
import { createAdmin, type Admin } from './admin.ts';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import { answersOk, repositoryRoot, until, type Harness } from './harness.ts';
import { call } from './http-call.ts';
import { isCompiledRun, planeProgram } from './plane-program.ts';
import { createRest, type Rest } from './rest.ts';

export interface ControlPlane {
  readonly rest: Rest;
  readonly xdsPort: number;
  /** Path or URL. */
  readonly registry: string;
  /** Of the one that runs now. */
  readonly pid: number | undefined;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it stands still with all its sockets open. SIGCONT: it goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** The same ports and the same registry again; resolves when it is ready. */
  restart(): Promise<void>;
  /** Only where `isInjectable` was asked for. */
  inject(fault: InjectedFault): void;
}

export interface ControlPlaneOptions {
  readonly name?: string;
  /** Shares its registry with the others that name the same; else a file of its own. */
  readonly redisUrl?: string;
  readonly isInjectable?: boolean;
  /** What Node is to load before it; changes lines of its sources, so those are what runs. */
  readonly preload?: string;
  /** How often proxies report their load; the program's own choice unless given. */
  readonly loadReportIntervalMs?: number;
}

export async function startControlPlane(
  harness: Harness,
  {
    name = 'control-plane',
    redisUrl,
    isInjectable = false,
    preload,
    loadReportIntervalMs,
  }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const inlet = isInjectable ? createFaultInlet(harness.folder, name) : undefined;
  const [restPort = 0, xdsPort = 0] = await findFreePorts(2);
  const registry = redisUrl ?? path.join(harness.folder, `${name}.db`);
  const launch = (): Promise<ManagedProcess> =>
    harness.start(
      {
        name,
        command: [
          'node',
          ...(inlet?.nodeArguments ?? []),
          ...(preload === undefined ? [] : ['--import', preload]),
          ...planeProgram('control-plane', preload === undefined && isCompiledRun()),
          ...['--rest-port', String(restPort), '--xds-port', String(xdsPort), '--registry', registry],
          ...(loadReportIntervalMs === undefined
            ? []
            : ['--load-report-interval-ms', String(loadReportIntervalMs)]),
        ],
        ...(inlet === undefined ? {} : { environment: { ...globalThis.process.env, ...inlet.environment } }),
      },
      () => answersOk(restPort, '/readyz'),
    );
  let current = await launch();
  return {
    rest: createRest(restPort),
    xdsPort,
    registry,
    get pid() {
      return current.pid;
    },
    async kill() {
      current.kill('SIGKILL');
      await current.exited;
    },
    signal: (signal) => current.kill(signal),
    async restart() {
      current = await launch();
    },
    inject: (fault) => inlet?.inject(current.pid, fault),
  };
}

export interface ProxyOptions {
  readonly id: string;
  readonly controlPlane: Pick<ControlPlane, 'xdsPort'>;
  /** The service beside it, and the port of its program: both or none. */
  readonly service?: string;
  readonly appPort?: number;
  readonly upstreams?: readonly string[];
  /** Of the outbound listeners of a sidecar; 127.0.0.1 unless given. One of its own keeps services' own ports apart. */
  readonly listenAddress?: string;
  /** Of a sidecar: incremental xDS, unless this is false. */
  readonly isDelta?: boolean;
  /** Of a sidecar: what it replaced is gone so soon; as Envoy, 600 s unless given. */
  readonly drainTimeSeconds?: number;
  /** Of a sidecar: misbehaves on purpose; a name of `faults/breakages.ts`. */
  readonly breakage?: string;
  /** Of a sidecar: suffers what `inject` says. */
  readonly isInjectable?: boolean;
  /** Tells the control plane its load. */
  readonly reportsLoad?: boolean;
  /** Of a sidecar: where it keeps its configuration for a start without a control plane. */
  readonly saved?: { readonly path: string; readonly keyPath?: string };
  /** Of a sidecar: for its Node, such as `--max-old-space-size=64`. */
  readonly nodeArguments?: readonly string[];
}

export interface Proxy {
  readonly id: string;
  readonly listenAddress: string;
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly admin: Admin;
  /** The one that runs now, or ran last. */
  readonly process: ManagedProcess;
  /** The same ports and options again, after the process has ended; resolves when it is ready. */
  restart(): Promise<void>;
  /** Only of a sidecar for which `isInjectable` was asked. */
  inject(fault: InjectedFault): void;
}

/** Worker threads of every proxy in the scenarios. */
export const concurrency = 2;

export async function startSidecar(harness: Harness, options: ProxyOptions): Promise<Proxy> {
  const [outboundPort = 0, inboundPort = 0, adminPort = 0] = await findFreePorts(3);
  const admin = createAdmin(adminPort);
  const { listenAddress = '127.0.0.1', breakage, nodeArguments = [] } = options;
  const inlet =
    options.isInjectable === true ? createFaultInlet(harness.folder, `sidecar-${options.id}`) : undefined;
  const preload = breakage === undefined ? [] : [path.join(repositoryRoot, 'e2e/faults/break-sidecar.ts')];
  const spec = {
    name: `sidecar-${options.id}`,
    command: [
      'node',
      ...nodeArguments,
      ...preload.flatMap((file) => ['--import', file]),
      ...(inlet?.nodeArguments ?? []),
      // What is broken are lines of the sources.
      ...planeProgram('data-plane', breakage === undefined && isCompiledRun()),
      ...['--control-plane', `127.0.0.1:${options.controlPlane.xdsPort}`],
      ...['--node-id', options.id, ...(options.isDelta === false ? ['--no-delta'] : [])],
      ...(options.service === undefined ? [] : ['--service', options.service]),
      ...(options.upstreams === undefined ? [] : ['--upstreams', options.upstreams.join(',')]),
      ...['--listen-address', listenAddress, '--outbound-port', String(outboundPort)],
      ...(options.service === undefined
        ? []
        : ['--inbound-address', '127.0.0.1', '--inbound-port', String(inboundPort)]),
      ...['--admin-port', String(adminPort)],
      ...(options.appPort === undefined ? [] : ['--app-port', String(options.appPort)]),
      ...(options.reportsLoad === true ? ['--report-load'] : []),
      ...(options.saved === undefined
        ? []
        : ['--saved-config', options.saved.path, '--saved-config-wait-s', '1']),
      ...(options.saved?.keyPath === undefined ? [] : ['--saved-config-key', options.saved.keyPath]),
      ...['--concurrency', String(concurrency)],
      ...(options.drainTimeSeconds === undefined ? [] : ['--drain-time-s', String(options.drainTimeSeconds)]),
    ] as const,
    environment: {
      ...globalThis.process.env,
      ...inlet?.environment,
      ...(breakage === undefined ? {} : { HEDDLE_BREAKAGE: breakage }),
    },
  };
  const launch = (): Promise<ManagedProcess> => harness.start(spec, () => isReady(admin));
  const ports = { listenAddress, outboundPort, inboundPort };
  return createProxy(options.id, ports, admin, launch, (pid, fault) => inlet?.inject(pid, fault));
}

async function createProxy(
  id: string,
  ports: Pick<Proxy, 'listenAddress' | 'outboundPort' | 'inboundPort'>,
  admin: Admin,
  launch: () => Promise<ManagedProcess>,
  inject: (pid: number | undefined, fault: InjectedFault) => void = () => undefined,
): Promise<Proxy> {
  let current = await launch();
  return {
    id,
    ...ports,
    admin,
    get process() {
      return current;
    },
    async restart() {
      current = await launch();
    },
    inject: (fault) => inject(current.pid, fault),
  };
}

/** A real Envoy in a sidecar's place; `program` is its path. */
export async function startEnvoy(harness: Harness, program: string, options: ProxyOptions): Promise<Proxy> {
  const [outboundPort = 0, inboundPort = 0, adminPort = 0] = await findFreePorts(3);
  const admin = createAdmin(adminPort);
  const configFile = path.join(harness.folder, `envoy-${options.id}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(
    configFile,
    JSON.stringify(envoyBootstrap(options, { outboundPort, inboundPort, adminPort }), null, 2),
  );
  const launch = (): Promise<ManagedProcess> =>
    harness.start(
      {
        name: `envoy-${options.id}`,
        command: [
          program,
          ...['-c', configFile, '--concurrency', String(concurrency)],
          ...['--disable-hot-restart', '--log-level', 'info'],
        ],
      },
      () => isReady(admin),
    );
  return createProxy(options.id, { listenAddress: '127.0.0.1', outboundPort, inboundPort }, admin, launch);
}

async function isReady(admin: Admin): Promise<boolean> {
  return answersOk(admin.port, '/ready');
}

/** What a health check of the service gets: 200, 503, or nothing until that changes. */
export type TestHealth = 'passing' | 'failing' | 'hanging';

export interface TestService {
  readonly port: number;
  readonly version: string;
  /** Requests that it answered, health checks not counted. */
  requestCount(): Promise<number>;
  healthCheckCount(): Promise<number>;
  setHealth(health: TestHealth): Promise<void>;
  readonly process: ManagedProcess;
}

export async function startService(
  harness: Harness,
  options: { readonly version?: string; readonly health?: TestHealth; readonly port?: number } = {},
): Promise<TestService> {
  const version = options.version ?? 'v1';
  const port = options.port ?? (await findFreePort());
  const process = await harness.start(
    {
      name: `service-${version}-${port}`,
      command: ['node', path.join(repositoryRoot, 'e2e/harness/test-service.ts')],
      environment: {
        ...globalThis.process.env,
        PORT: String(port),
        VERSION: version,
        HEALTH: options.health ?? 'passing',
      },
    },
    () => answersOk(port, '/control/count'),
  );
  const counts = async (): Promise<{ readonly requests: number; readonly healthChecks: number }> =>
    JSON.parse((await call(port, '/control/count')).body) as { requests: number; healthChecks: number };
  return {
    port,
    version,
    process,
    requestCount: async () => (await counts()).requests,
    healthCheckCount: async () => (await counts()).healthChecks,
    async setHealth(health) {
      await call(port, `/control/health?state=${health}`, { method: 'PUT' });
    },
  };
}

/** `count` ports that answer everything with 200, all of one process. */
export async function startAnsweringPorts(harness: Harness, count: number): Promise<readonly number[]> {
  const ports = await findFreePorts(count);
  await harness.start(
    {
      name: 'answering-ports',
      command: ['node', path.join(repositoryRoot, 'e2e/harness/answering-ports.ts')],
      environment: { ...globalThis.process.env, PORTS: ports.join(',') },
    },
    async () => (await Promise.all(ports.map((port) => answersOk(port, '/')))).every(Boolean),
  );
  return ports;
}

/** A Redis of its own that keeps nothing on disk; `program` is its path. Returns its URL. */
export async function startRedis(harness: Harness, program: string): Promise<string> {
  const port = await findFreePort();
  await harness.start(
    {
      name: 'redis',
      command: [program, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    },
    async () => (await pingRedis(port)) === '+PONG',
  );
  return `redis://127.0.0.1:${port}`;
}

function pingRedis(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
    socket.once('error', () => resolve(''));
  });
}

/** Waits until a GET of the service through the proxy answers 200. */
export async function untilReachable(proxy: Proxy, service: string): Promise<void> {
  await until(`${service} answers through ${proxy.id}`, () =>
    answersOk(proxy.outboundPort, '/', service, proxy.listenAddress),
  );
}
