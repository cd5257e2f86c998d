import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import {
  startAnsweringPorts,
  startControlPlane,
  startSidecar,
  untilReachable,
  type ControlPlane,
  type Proxy,
} from '../harness/parts.ts';
import type { Rest } from '../harness/rest.ts';
import type { BreakageName } from '../faults/breakages.ts';
import { route } from '../harness/objects.ts';
import { markerHeader, withMarker } from '../load/marker.ts';
import {
  startSocketLoad,
  type SocketLoad,
  type SocketLoadReport,
  type SocketTarget,
} from '../load/socket-load.ts';
import { createDice } from './dice.ts';
import { modelAfter, type Change } from './generate-changes.ts';
import { areSynced, refusalsOfProxies } from './proxy-states.ts';
import { differences, readRegistry } from './registry-content.ts';
import { toRequest } from './step-request.ts';
import { initialObjects, passedPort, steadyPort, type Surroundings } from './surroundings.ts';

export interface ChangeRun {
  readonly load: SocketLoadReport;
  /** Connections that each worker of each sidecar took. */
  readonly connectionsByWorker: Readonly<Record<string, readonly number[]>>;
  readonly durationMs: number;
  /** Whatever must not be: one line each; empty when all is well. */
  readonly problems: readonly string[];
}

const connectionsPerTarget = 3;
const requestsPerSecond = 400;
/** Between changes, drawn for each: bursts that are gathered into one push, and changes on their own. */
const pausesMs = [0, 0, 10, 30, 100, 250] as const;
const syncDeadlineMs = 60_000;

/** The processes that a run's changes are about; ports only, so that a run can be made again on the same ones. */
export async function findSurroundings(harness: Harness): Promise<Surroundings> {
  return {
    keptServices: ['cart', 'web', 'stock'],
    extraServices: ['extra-1', 'extra-2', 'extra-3'],
    backendPorts: await startAnsweringPorts(harness, 14),
    ownPorts: await findFreePorts(6),
  };
}

export interface RunOptions {
  /** Sidecars that misbehave on purpose: the run ends with the first failed request, and waits for nothing long. */
  readonly breakage?: BreakageName;
}

/** A mesh of its own, constant load through all of its sidecars, and the changes one after the other. */
export async function runUnderLoad(
  name: string,
  changes: readonly Change[],
  surroundings: Surroundings,
  seed: number,
  { breakage }: RunOptions = {},
): Promise<ChangeRun> {
  const patienceMs = breakage === undefined ? 15_000 : 3000;
  await using harness = createHarness(name);
  const controlPlane = await startControlPlane(harness);
  const { rest } = controlPlane;
  await rest.apply(...initialObjects(surroundings));
  const sidecars = await startSidecars(harness, controlPlane, surroundings, breakage);

  let change = 'before the first change';
  const load = startSocketLoad({
    targets: sidecars.flatMap((sidecar) => targetsOf(sidecar, surroundings)),
    requestsPerSecond,
    timeoutMs: patienceMs,
    markerHeader,
    context: () => `(${change})`,
  });
  harness.onEnd(() => load.stop());
  await until('the load flows', () => load.report().requests >= 200, 30_000);

  const problems: string[] = [];
  const startedMs = performance.now();
  const dice = createDice(seed);
  const made: Change[] = [];
  for (const next of changes) {
    if (breakage !== undefined && load.report().failed > 0) break;
    const { index, kind, summary, steps } = next;
    made.push(next);
    change = `after ${index} ${kind}: ${summary}`;
    for (const step of steps) {
      const refusal = await sendStep(rest, step);
      if (refusal !== undefined) problems.push(`${change}: ${refusal}`);
    }
    const pauseMs = dice.pickOf(pausesMs);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const durationMs = performance.now() - startedMs;

  await until('every sidecar has all changes', () => areSynced(rest, sidecars.length), syncDeadlineMs);
  problems.push(...differences(modelAfter(made, surroundings), await readRegistry(rest)));
  problems.push(...(await staleConnections(rest, load, surroundings, patienceMs)));
  problems.push(...(await refusalsOfProxies(rest)));
  const connectionsByWorker: Record<string, readonly number[]> = {};
  for (const { id, admin, outboundPort } of sidecars)
    connectionsByWorker[id] = [...(await admin.connectionsByWorker(outboundPort)).values()];
  const report = await load.stop();
  if (report.failed > 0 || report.socketsClosed > 0)
    problems.push(
      `${report.failed} requests failed, ${report.socketsClosed} connections closed`,
      ...report.events,
    );
  return { load: report, connectionsByWorker, durationMs, problems };
}

/** Everything, a few upstreams, and the state of the world: each on an address of its own, for services' own ports. */
async function startSidecars(
  harness: Harness,
  controlPlane: ControlPlane,
  { keptServices }: Surroundings,
  breakage: BreakageName | undefined,
): Promise<readonly Proxy[]> {
  const broken = breakage === undefined ? {} : { breakage };
  const sidecars = await Promise.all([
    startSidecar(harness, { ...broken, id: 'everything', controlPlane, listenAddress: '127.0.0.2' }),
    startSidecar(harness, {
      ...broken,
      id: 'declared',
      controlPlane,
      listenAddress: '127.0.0.3',
      upstreams: keptServices,
    }),
    startSidecar(harness, {
      ...broken,
      id: 'sotw',
      controlPlane,
      listenAddress: '127.0.0.4',
      isDelta: false,
    }),
  ]);
  await Promise.all(
    sidecars.flatMap((sidecar) => keptServices.map((service) => untilReachable(sidecar, service))),
  );
  return sidecars;
}

const lastMarker = 'last';

/** Connections, and so workers, whose answers do not follow a last change of all the routes under load. */
async function staleConnections(
  rest: Rest,
  load: SocketLoad,
  { keptServices }: Surroundings,
  deadlineMs: number,
): Promise<string[]> {
  await rest.apply(...keptServices.map((name) => withMarker(route(name), lastMarker)));
  const stale = (): string[] =>
    load.report().markers.flatMap(({ target, marker }) => (marker === lastMarker ? [] : [target]));
  try {
    await until('every connection follows the last change', () => stale().length === 0, deadlineMs);
    return [];
  } catch {
    return stale().map((target) => `${target}: a connection does not follow the last change`);
  }
}

/** Every kept service on the outbound port, the first one on its own port too, and the port that is passed on. */
export function targetsOf(sidecar: Proxy, surroundings: Surroundings): SocketTarget[] {
  const { keptServices } = surroundings;
  const base = { address: sidecar.listenAddress, connections: connectionsPerTarget };
  const onOwnPort = { ...base, host: keptServices[0] ?? '' };
  return [
    ...keptServices.map((host) => ({
      ...base,
      name: `${sidecar.id} → ${host}`,
      host,
      port: sidecar.outboundPort,
    })),
    { ...onOwnPort, name: `${sidecar.id} → own port`, port: steadyPort(surroundings) ?? 0 },
    {
      ...onOwnPort,
      name: `${sidecar.id} → passed port`,
      port: passedPort(surroundings) ?? 0,
      isReconnecting: true,
    },
  ];
}

/** The answer's text when the step was refused. */
export async function sendStep(
  rest: Pick<Rest, 'port'>,
  step: Change['steps'][number],
): Promise<string | undefined> {
  const { method, path, contentType, body } = toRequest(step);
  const answer = await call(rest.port, path, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
  });
  return answer.status < 300 ? undefined : `${method} ${path} answers ${answer.status}: ${answer.body}`;
}
