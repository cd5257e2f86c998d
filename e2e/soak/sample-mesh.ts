import { call } from '../harness/http-call.ts';
import type { ControlPlane, Proxy } from '../harness/parts.ts';
import { readListeningInodes, readProcessFigures } from './process-figures.ts';
import type { SeriesName } from './series-rules.ts';
import type { SoakMesh } from './soak-mesh.ts';

/** One look at one process. */
export interface Sample {
  readonly process: string;
  readonly pid: number;
  /** Since the start of the soak. */
  readonly atMs: number;
  /** The mesh is in its first state again and nobody sends a request: such samples are compared. */
  readonly isQuiet: boolean;
  readonly values: Readonly<Partial<Record<SeriesName, number>>>;
}

/** What a change removed last may still be on its way out: two looks in a row must see the same of these. */
const settledSeries = ['clusters', 'hosts', 'listeners', 'listening', 'statistics', 'streams'] as const;
const settleStepMs = 300;
const settleMs = 15_000;

/** Looks at every process of the mesh, regularly and when it is asked to. */
export class MeshSampler {
  readonly samples: Sample[] = [];
  readonly #mesh: SoakMesh;
  readonly #startedMs = performance.now();

  constructor(mesh: SoakMesh) {
    this.#mesh = mesh;
  }

  /** Until the condition says so. */
  async sampleRegularly(intervalMs: number, isOver: () => boolean): Promise<void> {
    for (let dueMs = performance.now(); !isOver(); dueMs += intervalMs) {
      this.samples.push(...(await this.#look(false)));
      while (!isOver() && performance.now() < dueMs + intervalMs) await pause(100);
    }
  }

  /** Of a mesh in its first state without load: a sample to be compared. */
  async sampleQuietly(): Promise<void> {
    const deadlineMs = performance.now() + settleMs;
    for (let before = ''; ;) {
      const samples = await this.#look(true);
      const held = JSON.stringify(samples.map(({ values }) => settledSeries.map((series) => values[series])));
      if (held === before || performance.now() > deadlineMs) {
        this.samples.push(...samples);
        return;
      }
      before = held;
      await pause(settleStepMs);
    }
  }

  async #look(isQuiet: boolean): Promise<Sample[]> {
    const { sidecars, doomed, controlPlanes } = this.#mesh;
    const atMs = performance.now() - this.#startedMs;
    const listening = readListeningInodes();
    const looks = [
      ...[...sidecars, doomed].map((sidecar) => ({
        process: sidecar.id,
        pid: sidecar.process.pid ?? 0,
        take: () => sampleSidecar(sidecar, listening),
      })),
      ...controlPlanes.map((controlPlane, index) => ({
        process: `control-plane-${index + 1}`,
        pid: controlPlane.pid ?? 0,
        take: () => sampleControlPlane(controlPlane, listening),
      })),
    ];
    const samples: Sample[] = [];
    for (const { process, pid, take } of looks) {
      const values = await take();
      if (values !== undefined) samples.push({ process, pid, atMs, isQuiet, values });
    }
    return samples;
  }
}

type Values = Partial<Record<SeriesName, number>>;

const mebibyte = 1024 * 1024;

/** Undefined while the process is away, or does not answer. */
async function sampleSidecar(
  { admin, process }: Proxy,
  listening: ReadonlySet<string>,
): Promise<Values | undefined> {
  return sample(process.pid, listening, async () => {
    const get = async (path: string): Promise<string> => (await call(admin.port, path)).body;
    const [threads, stats, clusters, listeners] = [
      await get('/threads'),
      await get('/stats'),
      await get('/clusters'),
      await get('/listeners'),
    ];
    return {
      ...threadValues(threads),
      statistics: linesOf(stats).length,
      clusters: new Set(linesOf(clusters).map((line) => line.split('::')[0])).size,
      hosts: linesOf(clusters).filter((line) => line.includes('::cx_active::')).length,
      listeners: linesOf(listeners).length,
    };
  });
}

/** Undefined while the process is away, or does not answer. */
async function sampleControlPlane(
  { pid, rest }: ControlPlane,
  listening: ReadonlySet<string>,
): Promise<Values | undefined> {
  return sample(pid, listening, async () => {
    const { body } = await call(rest.port, '/metrics');
    const lines = linesOf(body).filter((line) => !line.startsWith('#'));
    const valueOf = (name: string): number =>
      lines
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    return {
      heap: valueOf('nodejs_heap_size_used_bytes') / mebibyte,
      external: valueOf('nodejs_external_memory_bytes') / mebibyte,
      timers: valueOf('heddle_timers'),
      streams: valueOf('heddle_xds_streams'),
      statistics: lines.length,
    };
  });
}

/** The kernel's figures first: our own connection to the process must not be among them. */
async function sample(
  pid: number | undefined,
  listening: ReadonlySet<string>,
  ask: () => Promise<Values>,
): Promise<Values | undefined> {
  if (pid === undefined) return undefined;
  try {
    const figures = readProcessFigures(pid, listening);
    return {
      rss: figures.rssBytes / mebibyte,
      descriptors: figures.descriptorCount,
      sockets: figures.socketCount,
      listening: figures.listeningCount,
      threads: figures.threadCount,
      ...(await ask()),
    };
  } catch {
    return undefined;
  }
}

/** The sums over all threads; the timers without those of a thread that did not answer. */
function threadValues(body: string): Values {
  const { threads } = JSON.parse(body) as {
    readonly threads: readonly {
      readonly timers: number;
      readonly heap_used: number;
      readonly external: number;
    }[];
  };
  const sum = (key: 'timers' | 'heap_used' | 'external'): number =>
    threads.reduce((total, thread) => total + thread[key], 0);
  return {
    timers: sum('timers'),
    heap: sum('heap_used') / mebibyte,
    external: sum('external') / mebibyte,
  };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
