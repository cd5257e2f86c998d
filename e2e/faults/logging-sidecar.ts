import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ManagedProcess } from '@heddle/shared/processes/managed-process';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createAdmin, type Admin } from '../harness/admin.ts';
import { answersOk, type Harness } from '../harness/harness.ts';
import { planeProgram } from '../harness/plane-program.ts';
import { concurrency } from '../harness/parts.ts';

/** A sidecar without a control plane that logs every request. */
export interface LoggingSidecar {
  readonly port: number;
  readonly admin: Admin;
  readonly process: ManagedProcess;
}

export interface LoggingSidecarOptions {
  readonly id: string;
  readonly upstreamPort: number;
  /** Of the access log; stdout without one. */
  readonly logPath?: string;
  /** What stdout and stderr are; a log of the scenario unless given. */
  readonly output?: string;
}

export async function startLoggingSidecar(
  harness: Harness,
  options: LoggingSidecarOptions,
): Promise<LoggingSidecar> {
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const file = path.join(harness.folder, `${options.id}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(bootstrap(options, port, adminPort), null, 2));
  const process = await harness.start(
    {
      name: `sidecar-${options.id}`,
      command: [
        'node',
        ...planeProgram('data-plane'),
        ...['-c', file, '--concurrency', String(concurrency), '--shutdown-time-s', '2'],
      ],
      ...(options.output === undefined ? {} : { logFile: options.output }),
    },
    () => answersOk(adminPort, '/ready'),
  );
  return { port, admin: createAdmin(adminPort), process };
}

function bootstrap(
  { id, upstreamPort, logPath }: LoggingSidecarOptions,
  port: number,
  adminPort: number,
): unknown {
  const at = (port_value: number): unknown => ({ socket_address: { address: '127.0.0.1', port_value } });
  const typed = (name: string, type: string, config: object = {}): unknown => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.${type}`, ...config },
  });
  const accessLog =
    logPath === undefined
      ? typed('log', 'access_loggers.stream.v3.StdoutAccessLog')
      : typed('log', 'access_loggers.file.v3.FileAccessLog', { path: logPath });
  const virtualHost = {
    name: 'all',
    domains: ['*'],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'all' } }],
  };
  const manager = typed('manager', 'filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'logging',
    access_log: [accessLog],
    route_config: { name: 'all', virtual_hosts: [virtualHost] },
    http_filters: [typed('router', 'filters.http.router.v3.Router')],
  });
  return {
    node: { id, cluster: 'faults' },
    admin: { address: at(adminPort) },
    static_resources: {
      listeners: [{ name: 'all', address: at(port), filter_chains: [{ filters: [manager] }] }],
      clusters: [
        {
          name: 'all',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'all',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstreamPort) } }] }],
          },
        },
      ],
    },
  };
}
