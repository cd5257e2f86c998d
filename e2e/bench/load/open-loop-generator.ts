import { answerQuestions } from '../helper-process.ts';
import { benchHost } from '../proxies/proxy.ts';
import { toLatencyQuantiles, type LatencyQuantiles } from './latency-quantiles.ts';
import { OpenLoopConnection, openSocket } from './open-loop-connection.ts';
import { createOpenLoopSchedule } from './open-loop-schedule.ts';

export interface OpenLoopTarget {
  readonly port: number;
  readonly requestsPerSecond: number;
}

/** A run against several targets at the same time; answered with the {@link LatencyQuantiles} of each. */
export interface OpenLoopQuestion {
  readonly targets: readonly OpenLoopTarget[];
  /** To each target. */
  readonly connections: number;
  readonly seconds: number;
  /** Requests of so many seconds go before them and are not counted. */
  readonly warmupSeconds: number;
  /** What has no answer in the end counts as long as it was waited for, instead of ending the run with an error. */
  readonly hasPatience?: boolean;
  /** `/` unless given. */
  readonly path?: string;
}

/** An answer that is this late is lost. */
const drainMs = 10_000;
/** The kernel makes about 0.07 ms of it. */
const pauseMs = 0.02;
/** Nobody wakes it: waiting on it is the only sleep of Node that is shorter than a millisecond. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sends on time over keep-alive connections; a request that finds none free waits, and its latency counts from when
 * it should have been sent. Between two looks at its sockets it sleeps for microseconds: timers of a millisecond would
 * be the greater part of what is measured, and polling without a pause would keep the upstream, which is on the same
 * core, from running.
 */
async function run(question: OpenLoopQuestion): Promise<readonly LatencyQuantiles[]> {
  const runs = await Promise.all(question.targets.map((target) => prepare(target, question)));
  try {
    const startMs = performance.now() + 5;
    for (const each of runs) each.start(startMs);
    const deadlineMs = startMs + (question.warmupSeconds + question.seconds) * 1000 + drainMs;
    await new Promise<void>((resolve, reject) => {
      const poll = (): void => {
        const nowMs = performance.now();
        let left = 0;
        let failure: Error | undefined;
        for (const each of runs) {
          each.sendDue(nowMs);
          left += each.left;
          failure ??= each.failure;
        }
        if (failure !== undefined) reject(failure);
        else if (left === 0) resolve();
        else if (nowMs > deadlineMs && question.hasPatience === true) {
          for (const each of runs) each.giveUp(nowMs);
          resolve();
        } else if (nowMs > deadlineMs) reject(new Error(`${left} requests had no answer`));
        else {
          Atomics.wait(sleeper, 0, 0, pauseMs);
          setImmediate(poll);
        }
      };
      poll();
    });
    return runs.map(({ latenciesMs }) => toLatencyQuantiles(latenciesMs));
  } finally {
    for (const each of runs) each.close();
  }
}

interface TargetRun {
  readonly latenciesMs: Float64Array;
  /** Requests without an answer, those that are not sent yet included. */
  readonly left: number;
  readonly failure: Error | undefined;
  start(startMs: number): void;
  /** As many as are due and find a free connection. */
  sendDue(nowMs: number): void;
  /** Takes the time until now for the latency of what was not answered. */
  giveUp(nowMs: number): void;
  close(): void;
}

async function prepare(
  { port, requestsPerSecond }: OpenLoopTarget,
  { connections, seconds, warmupSeconds, path = '/' }: OpenLoopQuestion,
): Promise<TargetRun> {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${benchHost}\r\n\r\n`);
  let schedule = createOpenLoopSchedule(0, requestsPerSecond, warmupSeconds + seconds);
  const warmupCount = Math.floor(requestsPerSecond * warmupSeconds);
  const latenciesMs = new Float64Array(Math.max(0, schedule.count - warmupCount));
  let [sent, answered] = [0, 0];
  let failure: Error | undefined;
  const onAnswer = (connection: OpenLoopConnection): void => {
    const { index } = connection;
    if (index >= warmupCount) latenciesMs[index - warmupCount] = performance.now() - schedule.dueMs(index);
    answered += 1;
    free.push(connection);
  };
  const onFailure = (error: Error): void => void (failure ??= error);
  const sockets = await Promise.all(Array.from({ length: connections }, () => openSocket(port)));
  const all = sockets.map((socket) => new OpenLoopConnection(socket, onAnswer, onFailure));
  const free = [...all];
  return {
    latenciesMs,
    get left() {
      return schedule.count - answered;
    },
    get failure() {
      return failure;
    },
    start(startMs) {
      schedule = createOpenLoopSchedule(startMs, requestsPerSecond, warmupSeconds + seconds);
    },
    sendDue(nowMs) {
      for (const due = schedule.dueCount(nowMs); sent < due; sent++) {
        const connection = free.pop();
        if (connection === undefined) return;
        connection.send(sent, request);
      }
    },
    giveUp(nowMs) {
      latenciesMs.forEach((latencyMs, index) => {
        if (latencyMs === 0) latenciesMs[index] = nowMs - schedule.dueMs(index + warmupCount);
      });
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

answerQuestions((question) => run(question as OpenLoopQuestion));
