import { createDice, type Dice } from '../changes/dice.ts';
import { generateChanges } from '../changes/generate-changes.ts';
import { startBackgroundWrites } from '../faults/background-writes.ts';
import { lostWrites } from '../faults/fault-mesh.ts';
import { WriteLedger } from '../faults/write-ledger.ts';
import { createHarness, until } from '../harness/harness.ts';
import { makeChanges } from './make-changes.ts';
import { markOf, restoreBase } from './restore-base.ts';
import { MeshSampler, type Sample } from './sample-mesh.ts';
import { faultsOf, persist, type FaultTools, type SoakFault } from './soak-faults.ts';
import { SoakLoad } from './soak-load.ts';
import { startSoakMesh, surroundingsOf, writtenService, type SoakMesh } from './soak-mesh.ts';

/** What happens in one round, and how much of it. */
export interface RoundPlan {
  readonly changeCount: number;
  readonly faultCount: number;
  /** A fault lasts between the two. */
  readonly faultMs: readonly [number, number];
  /** What was replaced may serve so long what it is serving. */
  readonly drainSeconds: number;
  /**
   * Without requests before the sample: more than the drain time, and than the 6 s after which idle upstream
   * connections are closed, else some of them are counted.
   */
  readonly quietMs: number;
}

export const fullRound: RoundPlan = {
  changeCount: 100,
  faultCount: 3,
  faultMs: [500, 6000],
  drainSeconds: 5,
  quietMs: 7500,
};
/** For runs of a few minutes: many rounds are worth more than long ones. */
export const shortRound: RoundPlan = {
  changeCount: 15,
  faultCount: 1,
  faultMs: [100, 400],
  drainSeconds: 3,
  quietMs: 3300,
};

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

const convergenceMs = 90_000;
/** Numbers of background writes are never used twice. */
const writesPerRound = 1_000_000;
const shownProblems = 100;
/** Load, changes and faults together in rounds, each of which ends with the mesh as it was at first. */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  await using harness = createHarness(options.name);
  const mesh = await startSoakMesh(harness, { ...options, drainTimeSeconds: options.plan.drainSeconds });
  const soak = new Soak(options, mesh);
  harness.onEnd(() => soak.stop());
  return await soak.run();
}

class Soak {
  readonly #options: SoakOptions;
  readonly #mesh: SoakMesh;
  readonly #dice: Dice;
  readonly #load: SoakLoad;
  readonly #sampler: MeshSampler;
  readonly #ledger = new WriteLedger();
  readonly #startedMs = performance.now();
  readonly #problems: string[] = [];
  readonly #faults: Record<string, number> = {};
  #dueFaults: SoakFault[] = [];
  /** For the lines that say what failed. */
  #doing = 'start';
  #changes = 0;
  #isStopped = false;

  constructor(options: SoakOptions, mesh: SoakMesh) {
    this.#options = options;
    this.#mesh = mesh;
    this.#dice = createDice(options.seed);
    this.#load = new SoakLoad(mesh, () => `(${this.#doing})`);
    this.#sampler = new MeshSampler(mesh);
  }

  async run(): Promise<SoakRun> {
    const { minutes, roundsAtLeast, sampleSeconds, signal } = this.#options;
    const sampling = this.#sampler.sampleRegularly(sampleSeconds * 1000, () => this.#isStopped);
    const endMs = this.#startedMs + minutes * 60_000;
    let rounds = 0;
    try {
      while ((performance.now() < endMs || rounds < roundsAtLeast) && signal?.aborted !== true)
        await this.#runRound(++rounds);
    } catch (error) {
      this.#problem(`${this.#doing}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await this.stop();
    await sampling;
    const { requests, failed, socketsClosed } = this.#load.totals();
    return {
      seconds: (performance.now() - this.#startedMs) / 1000,
      rounds,
      changes: this.#changes,
      faults: this.#faults,
      requests,
      failed,
      connectionsClosed: socketsClosed,
      writesAcknowledged: this.#ledger.acknowledgedCount,
      problems: [...this.#problems, ...this.#load.events()],
      samples: this.#sampler.samples,
    };
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#load.stop();
  }

  async #runRound(round: number): Promise<void> {
    const { controlPlanes } = this.#mesh;
    const laps = new Laps();
    const writes = startBackgroundWrites({
      restPort: (write) => (controlPlanes[write % controlPlanes.length] ?? controlPlanes[0]).rest.port,
      service: writtenService,
      after: { ledger: this.#ledger, firstWrite: round * writesPerRound },
    });
    this.#mesh.harness.onEnd(() => writes.stop());
    const faults = this.#drawFaults();
    this.#doing = `round ${round}`;
    try {
      await Promise.all([
        this.#makeChanges(round).then(() => laps.end('changes')),
        this.#makeFaults(round, faults).then(() => laps.end('faults')),
      ]);
    } finally {
      await writes.stop();
    }
    const lost = await lostWrites(controlPlanes, (actual) => this.#ledger.lost(actual));
    for (const line of lost) this.#problem(`round ${round}: an acknowledged write is lost: ${line}`);
    laps.end('writes');
    await this.#restore(round);
    laps.end('first mesh');
    await this.#load.pause();
    await pause(this.#options.plan.quietMs);
    await this.#sampler.sampleQuietly();
    this.#load.resume();
    laps.end('sample');
    const { requests, failed, socketsClosed } = this.#load.totals();
    this.#options.onProgress(
      `round ${round} (${laps.toString()}): ${faults.map(({ kind }) => kind).join(', ')}; so far ` +
        `${requests} requests, ${failed} failed, ${socketsClosed} connections closed, ${this.#problems.length} problems`,
    );
  }

  /** Seeded changes with services of this round's own. */
  async #makeChanges(round: number): Promise<void> {
    const { plan, seed } = this.#options;
    const surroundings = await surroundingsOf(this.#mesh, round);
    const changes = generateChanges(seed + round, plan.changeCount, surroundings);
    await makeChanges(this.#mesh.controlPlanes[0].rest, changes, surroundings, {
      dice: this.#dice,
      mark: markOf(round - 1),
      onChange: (description) => {
        this.#changes += 1;
        this.#doing = `round ${round}, ${description}`;
      },
      onProblem: (line) => this.#problem(`round ${round}, ${line}`),
    });
  }

  async #makeFaults(round: number, faults: readonly SoakFault[]): Promise<void> {
    const [shortestMs, longestMs] = this.#options.plan.faultMs;
    const tools: FaultTools = {
      round,
      last: () => pause(shortestMs + this.#dice.integer(longestMs - shortestMs)),
      stopDoomedLoad: () => this.#load.stopDoomed(),
      startDoomedLoad: () => this.#load.startDoomed(),
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
    const stale = (): string[] => this.#load.staleConnections(mark);
    try {
      await until('every connection follows the last change', () => stale().length === 0, convergenceMs);
    } catch {
      this.#problem(`round ${round}: connections do not follow the last change: ${stale().join(', ')}`);
    }
  }

  #problem(line: string): void {
    if (this.#problems.length < shownProblems) this.#problems.push(line);
    this.#options.onProgress(line);
  }
}

/** When the parts of a round ended, in seconds since its start. */
class Laps {
  readonly #startMs = performance.now();
  readonly #ends: string[] = [];

  end(part: string): void {
    this.#ends.push(`${part} ${((performance.now() - this.#startMs) / 1000).toFixed(1)} s`);
  }

  toString(): string {
    return this.#ends.join(', ');
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
