import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { describeExit, type ProcessSpec } from '@heddle/shared/processes/managed-process';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import type { Clock } from '@heddle/shared/time/clock';
import { listProxies } from '../client/proxies.ts';
import { createRestClient, type RestClient } from '../client/rest-client.ts';
import type { LoadedMesh } from './load-mesh.ts';
import { createLeaseKeeper, registrationOf } from './lease-keeper.ts';
import type { MeshInstance } from './mesh-file-schema.ts';
import { planInstance, type InstancePlan } from './mesh-plan.ts';
import { appSpec, controlPlaneSpec, sidecarSpec, type RunFolder } from './process-specs.ts';
import { probeStatus, takesConnections } from './probes.ts';
import { createSupervisor, type SupervisedProcess, type SupervisorEvent } from './supervisor.ts';

export type MeshEvent =
  | SupervisorEvent
  | { readonly kind: 'phase'; readonly text: string }
  | { readonly kind: 'lease-trouble'; readonly text: string };

export interface MeshOptions {
  readonly loaded: LoadedMesh;
  readonly run: RunFolder;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onEvent: (event: MeshEvent) => void;
  /** A process died too often; the mesh is no longer what the file says. */
  readonly onFailure: (error: HeddleError) => void;
}

/** A mesh of processes on this machine. It ends what it started, and only that. */
export interface Mesh {
  readonly client: RestClient;
  readonly instances: readonly InstancePlan[];
  /** Resolves when every check of the file answers 200; throws with the end of a log when a process fails. */
  start(): Promise<void>;
  /** Starts one more instance and resolves when its sidecar is ready. */
  addInstance(service: string, instance: MeshInstance, ports?: readonly number[]): Promise<InstancePlan>;
  /** SIGKILL for an instance and its sidecar. They stay dead, and their lease runs out. */
  killInstance(id: string): Promise<void>;
  /** SIGKILL for the control plane; resolves when every proxy is connected to its successor and in sync. */
  restartControlPlane(): Promise<void>;
  /** SIGTERM for everything; what still runs after the sidecars' drain is killed. */
  stop(): Promise<void>;
  /** For who does not want to wait for `stop`. */
  kill(): void;
}

const controlPlaneDeadlineMs = 15_000;
const processDeadlineMs = 15_000;
const checkDeadlineMs = 20_000;
const stopDeadlineMs = 5000;
/** Proxies try again with growing pauses. */
const reconnectDeadlineMs = 40_000;

export function createMesh({ loaded, run, clock, environment, onEvent, onFailure }: MeshOptions): Mesh {
  const { file, plan } = loaded;
  const client = createRestClient(`http://127.0.0.1:${plan.restPort}`);
  const instances = [...plan.instances];
  const processesOf = new Map<string, SupervisedProcess[]>();
  const specs = { run, plan, environment, folder: path.dirname(loaded.path) };
  const leases = createLeaseKeeper({
    client,
    clock,
    onTrouble: (text) => onEvent({ kind: 'lease-trouble', text }),
  });
  let failStart: (error: HeddleError) => void = () => undefined;
  const startFailed = new Promise<never>((_, reject) => (failStart = reject));
  startFailed.catch(() => undefined); // start() is who looks at it, if it still runs

  const supervisor = createSupervisor({
    clock,
    onEvent(event) {
      onEvent(event);
      if (event.kind !== 'exited' || event.restartInMs !== undefined) return;
      const logFile = run.logFile(event.name);
      const text = `${event.name} ${describeExit(event.exit)}${endOfLog(logFile)}`;
      failStart(new HeddleError('internal', text));
    },
    onGiveUp: (name) => {
      onFailure(new HeddleError('internal', `${name} keeps ending: see ${run.logFile(name)}`));
    },
  });
  let controlPlane: SupervisedProcess | undefined;

  async function startReady(spec: ProcessSpec, deadlineMs: number, look: () => Promise<boolean>) {
    const supervised = supervisor.start(spec);
    await waitUntil(spec.name, look, { clock, deadlineMs });
    return supervised;
  }

  const isControlPlaneReady = async (): Promise<boolean> =>
    (await probeStatus({ port: plan.restPort, path: '/readyz' })) === 200;

  async function startApp(instance: InstancePlan): Promise<void> {
    const app = await startReady(appSpec(instance, specs), processDeadlineMs, () =>
      takesConnections(instance.appPort),
    );
    processesOf.set(instance.id, [app]);
  }

  async function startSidecar(instance: InstancePlan): Promise<void> {
    const sidecar = await startReady(
      sidecarSpec(instance, specs),
      processDeadlineMs,
      async () => (await probeStatus({ port: instance.adminPort, path: '/ready' })) === 200,
    );
    processesOf.get(instance.id)?.push(sidecar);
  }

  async function applyObjects(): Promise<void> {
    const registrations = instances.map((instance) => JSON.stringify(registrationOf(instance)));
    const body = [...loaded.objectTexts, ...registrations].join('\n---\n');
    await client.send({ method: 'POST', path: '/v1/apply', body, contentType: 'application/yaml' });
    for (const instance of instances) leases.keep(instance);
  }

  async function startAll(): Promise<void> {
    onEvent({ kind: 'phase', text: 'starting the control plane and the services' });
    const startedControlPlane = startReady(
      controlPlaneSpec(specs),
      controlPlaneDeadlineMs,
      isControlPlaneReady,
    );
    [controlPlane] = await Promise.all([startedControlPlane, ...instances.map(startApp)]);

    onEvent({ kind: 'phase', text: 'applying the mesh objects' });
    await applyObjects();

    onEvent({ kind: 'phase', text: 'starting the sidecars' });
    await Promise.all(instances.map(startSidecar));

    onEvent({ kind: 'phase', text: 'waiting for the first answers' });
    for (const { via, host, path: checkPath = '/' } of file.checks ?? []) {
      const port = instances.find(({ id }) => id === via)?.outboundPort ?? 0;
      await waitUntil(
        `${host} through ${via}`,
        async () => {
          const status = await probeStatus({ port, host, path: checkPath });
          if (status !== 200) throw new Error(`answers ${status}`);
          return true;
        },
        { clock, deadlineMs: checkDeadlineMs },
      );
    }
    supervisor.arm();
  }

  return {
    client,
    instances,

    // A process that ends is the better message than the wait for it that runs out.
    start: () => Promise.race([startAll(), startFailed]),

    async addInstance(service, instance, ports) {
      const free = ports?.values();
      const added = planInstance(
        file,
        service,
        instance,
        instances.length,
        (port) => free?.next().value ?? port,
      );
      instances.push(added);
      await startApp(added);
      await startSidecar(added);
      const body = JSON.stringify(registrationOf(added));
      await client.send({ method: 'POST', path: '/v1/apply', body, contentType: 'application/yaml' });
      leases.keep(added);
      return added;
    },

    async killInstance(id) {
      const processes = processesOf.get(id) ?? [];
      leases.drop(id);
      processesOf.delete(id);
      await Promise.all(processes.map((process) => process.crash({ isFinal: true })));
    },

    async restartControlPlane() {
      await controlPlane?.crash({ isFinal: false });
      await waitUntil('the control plane', isControlPlaneReady, {
        clock,
        deadlineMs: controlPlaneDeadlineMs,
      });
      const living = [...processesOf.keys()];
      await waitUntil(
        'every proxy is connected again',
        async () => {
          const proxies = await listProxies(client);
          return living.every((id) => proxies.some(({ node, state }) => node === id && state === 'synced'));
        },
        { clock, deadlineMs: reconnectDeadlineMs, intervalMs: 100 },
      );
    },

    async stop() {
      leases.stop();
      await supervisor.stopAll(stopDeadlineMs);
    },

    kill() {
      supervisor.killAll();
    },
  };
}

function endOfLog(logFile: string): string {
  try {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5);
    return lines.join('') === '' ? '' : `; ${logFile} ends with:\n${lines.join('\n')}`;
  } catch {
    return '';
  }
}
