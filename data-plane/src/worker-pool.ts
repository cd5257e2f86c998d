import { Worker } from 'node:worker_threads';
import type { Logger } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Clock } from '@heddle/shared/time/clock';
import type { MainToWorker, WorkerToMain } from './config/worker-protocol.ts';

/**
 * The worker threads: started, restarted when they die, and given up on when they die too often. What they say goes
 * to the handlers; what a dead one said last has been handled before `onGone`.
 */
export interface WorkerPool {
  readonly count: number;
  send(worker: number, message: MainToWorker): void;
  sendToAll(message: MainToWorker): void;
  /** Asks every worker to stop; resolves when all threads have ended, the slow ones by force after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkerPoolOptions {
  readonly count: number;
  /** The worker's file; see `workerUrl`. */
  readonly url: URL;
  /** What each worker starts with; `worker` is its index. */
  workerData(worker: number): unknown;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly handlers: WorkerPoolHandlers;
}

export interface WorkerPoolHandlers {
  onMessage(worker: number, message: WorkerToMain): void;
  /** The thread is gone; a new one with the same index starts after this returns. */
  onGone(worker: number): void;
  /** Three deaths within a minute: the process is beyond repair. */
  onHopeless(): void;
}

const deathLimit = 3;
const deathWindowMs = 60_000;

/** The file of a worker beside `moduleUrl`: source in development, JavaScript once compiled. */
export function workerUrl(moduleUrl: string, name: string): URL {
  return new URL(`./${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl);
}

export function startWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { clock, logger, handlers } = options;
  const threads = new Map<number, Worker>();
  let deathTimes: number[] = [];
  let isStopping = false;
  let onAllEnded: (() => void) | undefined;

  function start(index: number): void {
    const thread = new Worker(options.url, {
      workerData: options.workerData(index),
      name: `worker_${index}`,
    });
    threads.set(index, thread);
    thread.on('message', (message: WorkerToMain) => handlers.onMessage(index, message));
    thread.on('error', (error) =>
      logger.error({ worker: index, err: messageOf(error), stack: stackOf(error) }, 'worker failed'),
    );
    thread.on('exit', (code) => onExit(index, code));
  }

  function onExit(index: number, code: number): void {
    threads.delete(index);
    handlers.onGone(index);
    if (isStopping) {
      if (threads.size === 0) onAllEnded?.();
      return;
    }
    const now = clock.monotonicMs();
    deathTimes = [...deathTimes.filter((at) => at > now - deathWindowMs), now];
    if (deathTimes.length >= deathLimit) {
      logger.error({ worker: index, code }, 'workers die too often');
      handlers.onHopeless();
      return;
    }
    logger.error({ worker: index, code }, 'worker died and is started again');
    start(index);
  }

  for (let index = 0; index < options.count; index++) start(index);

  return {
    count: options.count,
    send: (worker, message) => threads.get(worker)?.postMessage(message),
    sendToAll(message) {
      for (const thread of threads.values()) thread.postMessage(message);
    },
    stop(deadlineMs) {
      isStopping = true;
      return new Promise((resolve) => {
        if (threads.size === 0) {
          resolve();
          return;
        }
        const timer = clock.setTimer(deadlineMs, () => {
          for (const thread of threads.values()) void thread.terminate();
        });
        onAllEnded = () => {
          timer.cancel();
          resolve();
        };
        for (const thread of threads.values()) thread.postMessage({ kind: 'stop' } satisfies MainToWorker);
      });
    },
  };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
