import path from 'node:path';
import type { ProcessSpec } from '@heddle/shared/processes/managed-process';
import type { InstancePlan, MeshPlan } from './mesh-plan.ts';
import { planeArguments } from './plane-commands.ts';

/** Where a running mesh keeps its registry and its logs. */
export interface RunFolder {
  readonly path: string;
  /** `web-1 (sidecar)` → `<folder>/logs/web-1-sidecar.log` */
  logFile(processName: string): string;
}

export function runFolderAt(folder: string): RunFolder {
  return {
    path: folder,
    logFile: (name) =>
      path.join(folder, 'logs', `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/-$/, '')}.log`),
  };
}

export interface SpecContext {
  readonly run: RunFolder;
  readonly plan: MeshPlan;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the mesh file; services run in it. */
  readonly folder: string;
}

export function controlPlaneSpec({ run, plan, environment }: SpecContext): ProcessSpec {
  const name = 'control plane';
  return {
    name,
    command: [
      'node',
      ...planeArguments('control-plane'),
      ...['--rest-port', String(plan.restPort)],
      ...['--xds-port', String(plan.xdsPort)],
      ...['--registry', path.join(run.path, 'registry.db')],
    ],
    environment,
    logFile: run.logFile(name),
  };
}

export function sidecarSpec(instance: InstancePlan, { run, plan, environment }: SpecContext): ProcessSpec {
  const name = `${instance.id} (sidecar)`;
  return {
    name,
    command: [
      'node',
      ...planeArguments('data-plane'),
      ...['--control-plane', `127.0.0.1:${plan.xdsPort}`],
      ...['--node-id', instance.id],
      ...['--service', instance.service],
      ...(instance.upstreams === undefined ? [] : ['--upstreams', instance.upstreams.join(',')]),
      ...['--outbound-port', String(instance.outboundPort)],
      ...['--inbound-address', '127.0.0.1', '--inbound-port', String(instance.inboundPort)],
      ...['--admin-port', String(instance.adminPort)],
      ...['--app-port', String(instance.appPort)],
      ...['--concurrency', String(plan.concurrency)],
      // The whole mesh ends at once, so there is nobody to drain for.
      ...['--shutdown-time-s', '1'],
    ],
    environment,
    logFile: run.logFile(name),
  };
}

/** A service learns its port, the address of its sidecar and its version from the environment. */
export function appSpec(instance: InstancePlan, { run, environment, folder }: SpecContext): ProcessSpec {
  return {
    name: instance.id,
    command: instance.command,
    cwd: folder,
    environment: {
      ...environment,
      PORT: String(instance.appPort),
      OUTBOUND: `http://127.0.0.1:${instance.outboundPort}`,
      INSTANCE: instance.id,
      ...(instance.version === undefined ? {} : { VERSION: instance.version }),
      ...instance.environment,
    },
    logFile: run.logFile(instance.id),
  };
}
