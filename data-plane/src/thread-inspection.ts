import type { Clock } from '@heddle/shared/time/clock';
import type { ThreadFigures } from './config/worker-protocol.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What a thread holds; the process as a whole is seen from outside. */
export interface ThreadReport extends ThreadFigures {
  /** `main_thread`, `worker_0`, … */
  readonly name: string;
}

/** Asks all threads what they hold. */
export interface ThreadInspection {
  /** The main thread first. A worker that does not answer within a second is left out. */
  inspect(): Promise<readonly ThreadReport[]>;
  onReport(worker: number, figures: ThreadFigures): void;
}

const answerDeadlineMs = 1000;

export function createThreadInspection(
  workers: Pick<WorkerPool, 'count' | 'sendToAll'>,
  clock: Clock,
  mainTimerCount: () => number,
): ThreadInspection {
  const reports = new Map<number, ThreadFigures>();
  let running: Promise<readonly ThreadReport[]> | undefined;
  let onAllThere: (() => void) | undefined;

  async function ask(): Promise<readonly ThreadReport[]> {
    reports.clear();
    const timerCount = mainTimerCount();
    await new Promise<void>((resolve) => {
      const deadline = clock.setTimer(answerDeadlineMs, resolve);
      onAllThere = () => {
        deadline.cancel();
        resolve();
      };
      workers.sendToAll({ kind: 'inspect' });
    });
    onAllThere = undefined;
    running = undefined;
    return [
      { name: 'main_thread', ...threadFigures(timerCount) },
      ...[...reports]
        .sort(([a], [b]) => a - b)
        .map(([worker, figures]) => ({ name: `worker_${worker}`, ...figures })),
    ];
  }

  return {
    inspect: () => (running ??= ask()),
    onReport(worker, figures) {
      reports.set(worker, figures);
      if (reports.size === workers.count) onAllThere?.();
    },
  };
}

/** Of the thread that calls it. */
export function threadFigures(timerCount: number): ThreadFigures {
  const { heapUsed, external } = process.memoryUsage();
  return { timerCount, heapUsedBytes: heapUsed, externalBytes: external };
}
