import { createDice, type Dice } from '../changes/dice.ts';
import { generateChanges, modelAfter } from '../changes/generate-changes.ts';
import { differences, readRegistry } from '../changes/registry-content.ts';
import { sendStep, targetsOf } from '../changes/run-under-load.ts';
import type { Surroundings } from '../changes/surroundings.ts';
import { startBackgroundWrites } from '../faults/background-writes.ts';
import { lostWrites } from '../faults/fault-mesh.ts';
import { WriteLedger } from '../faults/write-ledger.ts';
import { createHarness, until } from '../harness/harness.ts';
import { markerHeader } from '../load/marker.ts';
import { startSocketLoad, type SocketLoad, type SocketLoadReport } from '../load/socket-load.ts';
import { markOf, restoreBase, withoutMark } from './restore-base.ts';
import { sampleControlPlane, sampleSidecar, type Sample } from './sample-mesh.ts';
import { faultsOf, persist, type FaultTools, type SoakFault } from './soak-faults.ts';
import { startSoakMesh, surroundingsOf, writtenService, type SoakMesh } from './soak-mesh.ts';

/** What happens in one round, and how much of it. */
export interface RoundPlan {
  readonly changeCount: number;
  readonly faultCount: number;
  /** A fault lasts between the two. */
  readonly faultMs: readonly [number, number];
  /** Without requests before the sample; 7 s and more: idle upstream connections are closed after 5 to 6 s. */
  readonly quietMs: number;
}

export const fullRound: RoundPlan = { changeCount: 100, faultCount: 3, faultMs: [500, 6000], quietMs: 7500 };
/** For runs of a few minutes: many rounds are worth more than long ones. */
export const shortRound: RoundPlan = { changeCount: 15, faultCount: 1, faultMs: [100, 400], quietMs: 300 };

export interface SoakOptions {
  readonly name: string;
  readonly minutes: number;
  /** However long they take: fewer show no slope. */
  readonly roundsAtLeast: number;
  readonly seed: number;
  readonly sampleSeconds: number;
  readonly plan: RoundPlan;
  readonly redisProgram: string | undefined;
  readonly breakage: string | undefined;
  /** Ends it after the round that runs. */
  readonly signal?: AbortSignal;
  onProgress(line: string): void;
}

export interface SoakRun {
  readonly seconds: number;
  readonly rounds: number;
  readonly changes: number;
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly failed: number;
  readonly connectionsClosed: number;
  readonly writesAcknowledged: number;
  /** Whatever must not be, one line each: failed requests, lost writes, refused changes, sidecars that do not follow. */
  readonly problems: readonly string[];
  readonly samples: readonly Sample[];
}

/** Requests per second through the sidecars that run all the time, and through the doomed one. */
const steadyRate = 250;
const doomedRate = 40;
const convergenceMs = 90_000;
/** Numbers of background writes are never used twice. */
const writesPerRound = 1_000_000;
const shownProblems = 100;
/** What a change removed last may still be on its way out: two looks in a row must see the same of these. */
const settledSeries = ['clusters', 'hosts', 'listeners', 'listening', 'statistics', 'streams'] as const;
const settleStepMs = 300;
const settleMs = 15_000;

/** Load, changes and faults together in rounds, each of which ends with the mesh as it was at first. */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  await using harness = createHarness(options.name);
  const mesh = await startSoakMesh(harness, options);
  const soak = new Soak(options, mesh);
  harness.onEnd(() => soak.stop());
  return await soak.run();
}

class Soak {
  readonly #options: SoakOptions;
  readonly #mesh: SoakMesh;
  readonly #dice: Dice;
  readonly #load: SocketLoad;
  readonly #ledger = new WriteLedger();
  readonly #startedMs = performance.now();
  readonly #samples: Sample[] = [];
  readonly #problems: string[] = [];
  readonly #faults: Record<string, number> = {};
  #dueFaults: SoakFault[] = [];
  #doomedLoad: SocketLoad | undefined;
  /** Of loads through earlier starts of the doomed sidecar. */
  #doomedTotals = { requests: 0, failed: 0, socketsClosed: 0 };
  #doing = 'start';
  #changes = 0;
  #isStopped = false;

  constructor(options: SoakOptions, mesh: SoakMesh) {
    this.#options = options;
    this.#mesh = mesh;
    this.#dice = createDice(options.seed);
    const surroundings: Surroundings = { ...mesh, extraServices: [], ownPorts: mesh.loadedPorts };
    this.#load = startSocketLoad({
      targets: mesh.sidecars.flatMap((sidecar) => targetsOf(sidecar, surroundings)),
      requestsPerSecond: steadyRate,
      markerHeader,
      context: () => `(${this.#doing})`,
    });
    this.#startDoomedLoad();
  }

  async run(): Promise<SoakRun> {
    const sampling = this.#sampleRegularly();
    const endMs = this.#startedMs + this.#options.minutes * 60_000;
    let rounds = 0;
    try {
      while (performance.now() < endMs || rounds < this.#options.roundsAtLeast) {
        if (this.#options.signal?.aborted === true) break;
        await this.#runRound(++rounds);
      }
    } catch (error) {
      this.#problem(
        `round ${rounds} (${this.#doing}): ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    await this.stop();
    await sampling;
    const report = this.#load.report();
    if (report.failed + report.socketsClosed > 0) this.#problems.push(...report.events);
    const { requests, failed, socketsClosed } = this.#totals(report);
    return {
      seconds: (performance.now() - this.#startedMs) / 1000,
      rounds,
      changes: this.#changes,
      faults: this.#faults,
      requests,
      failed,
      connectionsClosed: socketsClosed,
      writesAcknowledged: this.#ledger.acknowledgedCount,
      problems: this.#problems,
      samples: this.#samples,
    };
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#load.stop(), this.#stopDoomedLoad()]);
  }

  async #runRound(round: number): Promise<void> {
    const { controlPlanes } = this.#mesh;
    const startMs = performance.now();
    const writes = startBackgroundWrites({
      restPort: (write) => (controlPlanes[write % controlPlanes.length] ?? controlPlanes[0]).rest.port,
      service: writtenService,
      after: { ledger: this.#ledger, firstWrite: round * writesPerRound },
    });
    this.#mesh.harness.onEnd(() => writes.stop());
    const faults = this.#drawFaults();
    this.#doing = `round ${round}`;
    try {
      await Promise.all([this.#makeChanges(round), this.#makeFaults(round, faults)]);
    } finally {
      await writes.stop();
    }
    const lost = await lostWrites(controlPlanes, (actual) => this.#ledger.lost(actual));
    for (const line of lost) this.#problem(`round ${round}: an acknowledged write is lost: ${line}`);
    await this.#restore(round);
    await this.#sampleQuietly();
    const { requests, failed, socketsClosed } = this.#totals(this.#load.report());
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    this.#options.onProgress(
      `round ${round} in ${seconds} s: ${faults.map(({ kind }) => kind).join(', ')}; so far ${requests} requests, ` +
        `${failed} failed, ${socketsClosed} connections closed, ${this.#problems.length} problems`,
    );
  }

  /** Seeded changes with services of this round's own; afterwards the registry must hold what they come to. */
  async #makeChanges(round: number): Promise<void> {
    const { plan, seed } = this.#options;
    const surroundings = await surroundingsOf(this.#mesh, round);
    const changes = generateChanges(seed + round, plan.changeCount, surroundings);
    const pausesMs = [0, 0, 10, 30, 100, 250] as const;
    const [first] = this.#mesh.controlPlanes;
    for (const { index, kind, summary, steps } of changes) {
      this.#doing = `round ${round}, after ${index} ${kind}: ${summary}`;
      for (const step of steps) {
        const refusal = await persistStep(first.rest, step);
        if (refusal !== undefined) this.#problem(`${this.#doing}: ${refusal}`);
      }
      this.#changes += 1;
      await pause(this.#dice.pickOf(pausesMs));
    }
    const expected = modelAfter(changes, surroundings);
    const services = new Set([...this.#mesh.keptServices, ...surroundings.extraServices]);
    let missing: string[] = [];
    try {
      await until(
        'the registry holds the changes',
        async () => {
          const actual = withoutMark(await readRegistry(first.rest), markOf(round - 1));
          missing = differences(
            withoutMark(expected, markOf(round - 1)),
            new Map([...actual].filter(([key]) => isOf(key, services))),
          );
          return missing.length === 0;
        },
        20_000,
      );
    } catch (error) {
      this.#problem(
        `round ${round}: the registry differs from what was acknowledged: ${missing.join('; ') || String(error)}`,
      );
    }
  }

  async #makeFaults(round: number, faults: readonly SoakFault[]): Promise<void> {
    const [shortestMs, longestMs] = this.#options.plan.faultMs;
    const tools: FaultTools = {
      round,
      last: () => pause(shortestMs + this.#dice.integer(longestMs - shortestMs)),
      stopDoomedLoad: () => this.#stopDoomedLoad(),
      startDoomedLoad: () => this.#startDoomedLoad(),
    };
    for (const fault of faults) {
      await fault.act(this.#mesh, tools);
      this.#faults[fault.kind] = (this.#faults[fault.kind] ?? 0) + 1;
      await pause(this.#dice.integer(500));
    }
  }

  /** Every kind once in a random order, then again. */
  #drawFaults(): SoakFault[] {
    return Array.from({ length: this.#options.plan.faultCount }, () => {
      if (this.#dueFaults.length === 0) this.#dueFaults = [...faultsOf(this.#mesh)];
      const [fault] = this.#dueFaults.splice(this.#dice.integer(this.#dueFaults.length), 1);
      if (fault === undefined) throw new Error('there are no faults');
      return fault;
    });
  }

  /** The mesh is what it was at first, in every worker of every sidecar. */
  async #restore(round: number): Promise<void> {
    this.#doing = `round ${round}, back to the first mesh`;
    const mark = markOf(round);
    await persist(this.#mesh.controlPlanes[0], (rest) => restoreBase(rest, this.#mesh, mark));
    const stale = (): string[] =>
      [this.#load, ...(this.#doomedLoad === undefined ? [] : [this.#doomedLoad])].flatMap((load) =>
        load.report().markers.flatMap(({ target, marker }) => (marker === mark ? [] : [target])),
      );
    try {
      await until('every connection follows the last change', () => stale().length === 0, convergenceMs);
    } catch {
      this.#problem(`round ${round}: connections do not follow the last change: ${stale().join(', ')}`);
    }
  }

  async #sampleQuietly(): Promise<void> {
    const loads = [this.#load, ...(this.#doomedLoad === undefined ? [] : [this.#doomedLoad])];
    await Promise.all(loads.map((load) => load.pause()));
    await pause(this.#options.plan.quietMs);
    const deadlineMs = performance.now() + settleMs;
    let samples = await this.#look(true);
    for (let before = ''; ; samples = await this.#look(true)) {
      const held = JSON.stringify(samples.map(({ values }) => settledSeries.map((series) => values[series])));
      if (held === before || performance.now() > deadlineMs) break;
      before = held;
      await pause(settleStepMs);
    }
    this.#samples.push(...samples);
    for (const load of loads) load.resume();
  }

  async #sampleRegularly(): Promise<void> {
    const intervalMs = this.#options.sampleSeconds * 1000;
    for (let dueMs = performance.now(); !this.#isStopped; dueMs += intervalMs) {
      this.#samples.push(...(await this.#look(false)));
      while (!this.#isStopped && performance.now() < dueMs + intervalMs) await pause(100);
    }
  }

  async #look(isQuiet: boolean): Promise<readonly Sample[]> {
    const { sidecars, controlPlanes } = this.#mesh;
    const atMs = performance.now() - this.#startedMs;
    const samples: Sample[] = [];
    const add = (process: string, pid: number | undefined, values: Sample['values'] | undefined): void => {
      if (values !== undefined) samples.push({ process, pid: pid ?? 0, atMs, isQuiet, values });
    };
    for (const sidecar of [...sidecars, this.#mesh.doomed])
      add(sidecar.id, sidecar.process.pid, await sampleSidecar(sidecar));
    for (const [index, controlPlane] of controlPlanes.entries())
      add(`control-plane-${index + 1}`, controlPlane.pid, await sampleControlPlane(controlPlane));
    return samples;
  }

  #startDoomedLoad(): void {
    const { outboundPort, listenAddress } = this.#mesh.doomed;
    this.#doomedLoad = startSocketLoad({
      targets: this.#mesh.keptServices.map((host) => ({
        name: `doomed → ${host}`,
        address: listenAddress,
        port: outboundPort,
        host,
        connections: 2,
      })),
      requestsPerSecond: doomedRate,
      markerHeader,
      context: () => `(${this.#doing})`,
    });
  }

  async #stopDoomedLoad(): Promise<void> {
    const report = await this.#doomedLoad?.stop();
    this.#doomedLoad = undefined;
    if (report === undefined) return;
    this.#doomedTotals = add(this.#doomedTotals, report);
    for (const line of report.events) this.#problem(line);
  }

  #totals(report: SocketLoadReport): { requests: number; failed: number; socketsClosed: number } {
    const running = this.#doomedLoad?.report();
    const steady = add(this.#doomedTotals, report);
    return running === undefined ? steady : add(steady, running);
  }

  #problem(line: string): void {
    if (this.#problems.length < shownProblems) this.#problems.push(line);
    this.#options.onProgress(line);
  }
}

type Totals = Pick<SocketLoadReport, 'requests' | 'failed' | 'socketsClosed'>;

function add(a: Totals, b: Totals): { requests: number; failed: number; socketsClosed: number } {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    socketsClosed: a.socketsClosed + b.socketsClosed,
  };
}

/**
 * Sends a step until it is taken; nobody knows what became of one without an answer, and all are idempotent but for
 * the deletion, whose second answer is then 404. Returns the refusal when it stays one.
 */
async function persistStep(
  rest: Parameters<typeof sendStep>[0],
  step: Parameters<typeof sendStep>[1],
): Promise<string | undefined> {
  const deadlineMs = performance.now() + 60_000;
  for (let attempt = 1; ; attempt++) {
    let refusal: string | undefined;
    try {
      refusal = await sendStep(rest, step);
    } catch (error) {
      refusal = `no answer: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (refusal === undefined) return undefined;
    if (attempt > 1 && step.kind === 'delete' && refusal.includes('answers 404')) return undefined;
    const isForGood = refusal.includes(' answers 4');
    if (isForGood || performance.now() > deadlineMs) return refusal;
    await pause(100);
  }
}

/** Whether an object is one of these services, or belongs to one; routes and policies are named after theirs. */
function isOf(key: string, services: ReadonlySet<string>): boolean {
  const [kind, name = ''] = key.split('/');
  if (kind === 'route' || kind === 'policy') return !/^(sick|flap)-/.test(name);
  return services.has(name);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
