import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resourceLimits } from 'node:worker_threads';
import type { Clock } from '@heddle/shared/time/clock';
import type { ResourceMonitor } from './resource-monitor.ts';

export interface HeapFigures {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface HeapSystem {
  read(): HeapFigures;
  /** Frees what nobody holds; takes long on a large heap. */
  collect(): void;
}

/**
 * Above 80 % of its limit V8 ends the thread once four collections in a row freed little and took most of the time,
 * however much is left: what we refuse has to begin before that.
 */
const exhaustedRatio = 0.75;
const relievedRatio = 0.65;
/** A full collection of a heap near its limit takes long. */
const collectIntervalMs = 2_000;

/**
 * The heap of this worker; past its limit the thread dies. What is used includes what nobody holds any more, and a
 * worker that accepts nothing might never collect it: so it is collected before the heap counts as full, and now and
 * then while it does.
 */
export class HeapMonitor implements ResourceMonitor {
  readonly name = 'worker_heap';
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #system: HeapSystem;
  #collectedAtMs = -Infinity;
  #figures: HeapFigures = { usedBytes: 0, limitBytes: Infinity };

  constructor(clock: Pick<Clock, 'monotonicMs'>, system: HeapSystem = createV8Heap()) {
    this.#clock = clock;
    this.#system = system;
  }

  isExhausted(): boolean {
    return this.#usedRatio() >= exhaustedRatio && this.#collect() && this.#usedRatio() >= exhaustedRatio;
  }

  isRelieved(): boolean {
    return this.#usedRatio() < relievedRatio || (this.#collect() && this.#usedRatio() < relievedRatio);
  }

  describe(): string {
    const { usedBytes, limitBytes } = this.#figures;
    return `${usedBytes} of ${limitBytes} bytes of the heap are used`;
  }

  #usedRatio(): number {
    this.#figures = this.#system.read();
    return this.#figures.usedBytes / this.#figures.limitBytes;
  }

  /** False: it is not long ago, and nothing was done. */
  #collect(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#collectedAtMs < collectIntervalMs) return false;
    this.#collectedAtMs = nowMs;
    this.#system.collect();
    return true;
  }
}

const semiSpaceFlag = /^--max[-_]semi[-_]space[-_]size=(\d+)$/;

/**
 * The heap of this thread against the limit of its old generation, since what lives long ends up there: the share of
 * the young one is no help.
 */
export function createV8Heap(): HeapSystem {
  const youngBytes = youngMegabytes(process.execArgv) * 1024 * 1024;
  let collect: (() => void) | undefined;
  return {
    read() {
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      const oldBytes = heap_size_limit - youngBytes;
      return { usedBytes: used_heap_size, limitBytes: oldBytes > 0 ? oldBytes : heap_size_limit };
    },
    collect() {
      collect ??= findCollector();
      collect();
    },
  };
}

/** Of the young generation, which consists of three semi-spaces. Node reports its default, whatever its flag says. */
export function youngMegabytes(execArguments: readonly string[]): number {
  const flag = execArguments.findLast((argument) => semiSpaceFlag.test(argument));
  const semiSpace = semiSpaceFlag.exec(flag ?? '')?.[1];
  return semiSpace === undefined ? (resourceLimits.maxYoungGenerationSizeMb ?? 0) : Number(semiSpace) * 3;
}

/** Node hands the collector out only under a flag, which counts for contexts that are made after it. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
