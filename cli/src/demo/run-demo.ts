import type { Clock } from '@heddle/shared/time/clock';
import { sleep } from '@heddle/shared/time/clock';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { startLoad, type Load, type LoadTarget } from '@heddle/shared/testing/load-generator';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { quantile } from '@heddle/shared/testing/quantile';
import type { Mesh } from '../mesh/mesh.ts';
import { portsOfInstanceCount } from '../mesh/mesh-plan.ts';
import type { DemoFile, DemoStep } from './demo-file-schema.ts';
import { readWorkerConnections, type WorkerConnections } from './worker-connections.ts';
import { createLiveWatch, type LiveWatch } from './live-watch.ts';
import { shiftRoute } from './rollout.ts';

/** What was changed, and what the load saw from then until the next change. */
export interface DemoChange {
  readonly change: string;
  /** REST answer → first request on the new route, the slowest sidecar; only for changes of a route. */
  readonly liveMs?: number;
  readonly requests: number;
  readonly failed: number;
  readonly byVersion: Readonly<Record<string, number>>;
}

/** What `heddle demo --json` prints. */
export interface DemoReport {
  readonly requests: number;
  readonly failed: number;
  /** Answers from a version that the route, as the request saw it, gave no share. */
  readonly misrouted: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly liveMs: { readonly p50: number; readonly p99: number };
  readonly changes: readonly DemoChange[];
  /** For each sidecar under load: the connections that each of its workers took. */
  readonly workers: Readonly<Record<string, WorkerConnections>>;
  readonly failures: readonly string[];
}

export interface DemoOptions {
  readonly demo: DemoFile;
  /** Started and ready. */
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly onProgress: (text: string) => void;
}

/** A change that takes longer is reported as an error: something is stuck. */
const liveDeadlineMs = 10_000;

/** Does the steps of the file to the mesh, under load, and counts. */
export async function runDemo({ demo, mesh, clock, onProgress }: DemoOptions): Promise<DemoReport> {
  const watch = createLiveWatch();
  const targets = demo.load.targets.map((target): LoadTarget => {
    const port = mesh.instances.find(({ id }) => id === target.via)?.outboundPort ?? 0;
    return { ...target, port, path: target.path ?? '/', name: `${target.via} → ${target.host}` };
  });
  const load = startLoad({
    targets,
    requestsPerSecond: demo.load.requestsPerSecond,
    versionHeader: demo.load.versionHeader,
    onResult: (result) => watch.observe(result),
  });
  const changes: DemoChange[] = [];
  const liveMs: number[] = [];
  try {
    await sleep(clock, demo.holdMs);
    for (const step of demo.steps) {
      const name = describeStep(step);
      onProgress(name);
      const before = load.report();
      const samples = await takeStep(step, { mesh, clock, watch, targets, load });
      liveMs.push(...samples);
      await sleep(clock, demo.holdMs);
      const after = load.report();
      const change = {
        change: name,
        ...(samples.length === 0 ? {} : { liveMs: quantile(samples, 1) }),
        requests: after.requests - before.requests,
        failed: after.failed - before.failed,
        byVersion: difference(after.byVersion, before.byVersion),
      };
      changes.push(change);
      onProgress(`  ${summary(change)}`);
    }
  } finally {
    await load.stop();
  }
  const workers: Record<string, WorkerConnections> = {};
  for (const { id, adminPort, outboundPort } of mesh.instances) {
    if (!demo.load.targets.some(({ via }) => via === id)) continue;
    workers[id] = await readWorkerConnections(adminPort, outboundPort);
  }
  const total = load.report();
  return {
    requests: total.requests,
    failed: total.failed,
    misrouted: watch.misrouted,
    byOutcome: total.byOutcome,
    byVersion: total.byVersion,
    latencyMs: total.latencyMs,
    liveMs: { p50: quantile(liveMs, 0.5), p99: quantile(liveMs, 0.99) },
    changes,
    workers,
    failures: total.failures,
  };
}

interface StepContext {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly watch: LiveWatch;
  readonly targets: readonly LoadTarget[];
  readonly load: Load;
}

/** Returns how long the change took to be live, for each target; nothing where that cannot be said. */
async function takeStep(step: DemoStep, { mesh, clock, watch, targets }: StepContext): Promise<number[]> {
  if (step.shift !== undefined) {
    const marker = watch.announce(step.shift.weights);
    await shiftRoute(mesh.client, step.shift, marker);
    watch.answered(marker, clock.monotonicMs());
    const names = targets.map(({ name }) => name);
    await waitUntil(`${describeStep(step)} is live`, () => watch.isLive(marker, names), {
      clock,
      deadlineMs: liveDeadlineMs,
      intervalMs: 5,
    });
    return watch.liveMsOf(marker);
  }
  if (step.kill !== undefined) await mesh.killInstance(step.kill);
  if (step.restart !== undefined) await mesh.restartControlPlane();
  if (step.add !== undefined) {
    const { service, ...instance } = step.add;
    await mesh.addInstance(service, instance, await findFreePorts(portsOfInstanceCount));
  }
  return [];
}

export function describeStep({ shift, kill, add, restart }: DemoStep): string {
  if (shift !== undefined) {
    const weights = Object.entries(shift.weights).map(([version, weight]) => `${version} ${weight}`);
    return `route ${shift.route}: ${weights.join(', ')}`;
  }
  if (kill !== undefined) return `kill -9 ${kill} and its sidecar`;
  if (add !== undefined) return `add ${add.id}`;
  return `kill -9 the ${restart ?? 'control-plane'}, and start it again`;
}

function summary({ liveMs, requests, failed, byVersion }: DemoChange): string {
  const versions = Object.entries(byVersion).map(([version, count]) => `${version} ${count}`);
  const live = liveMs === undefined ? '' : `live after ${liveMs} ms, `;
  return `${live}${requests} requests, ${failed} failed (${versions.join(', ')})`;
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, count]) => [key, count - (before[key] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
