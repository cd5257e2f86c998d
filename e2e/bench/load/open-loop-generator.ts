import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { answerQuestions } from '../helper-process.ts';
import { benchHost } from '../proxies/proxy.ts';
import { toLatencyQuantiles, type LatencyQuantiles } from './latency-quantiles.ts';
import { MessageReader } from './message-reader.ts';
import { createOpenLoopSchedule } from './open-loop-schedule.ts';

/** A run; answered with its {@link LatencyQuantiles}. */
export interface OpenLoopQuestion {
  readonly port: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** Requests of so many seconds go before them and are not counted. */
  readonly warmupSeconds: number;
}

const request = Buffer.from(`GET / HTTP/1.1\r\nhost: ${benchHost}\r\n\r\n`);
/** An answer that is this late is lost. */
const drainMs = 10_000;
/** The kernel makes about 0.07 ms of it. */
const pauseMs = 0.02;
/** Nobody wakes it: waiting on it is the only sleep of Node that is shorter than a millisecond. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sends on time over keep-alive connections, one request in flight on each; a request that finds none free waits, and
 * its latency counts from when it should have been sent. Between two looks at its sockets it sleeps for microseconds:
 * timers of a millisecond would be the greater part of what is measured, and polling without a pause would keep the
 * upstream, which is on the same core, from running.
 */
async function run(question: OpenLoopQuestion): Promise<LatencyQuantiles> {
  const { port, connections, requestsPerSecond, seconds, warmupSeconds } = question;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const free = [...sockets];
  const schedule = createOpenLoopSchedule(performance.now() + 5, requestsPerSecond, warmupSeconds + seconds);
  const warmupCount = Math.floor(requestsPerSecond * warmupSeconds);
  const latenciesMs = new Float64Array(Math.max(0, schedule.count - warmupCount));
  let sent = 0;
  let answered = 0;
  let failure: Error | undefined;

  for (const socket of sockets) {
    const reader = new MessageReader();
    socket.fail = (error) => (failure ??= error);
    socket.onChunk = (chunk) => {
      if (!socket.isAnswering) {
        socket.isAnswering = true;
        if (!chunk.toString('latin1', 0, 12).endsWith(' 200'))
          failure ??= new Error(`answered ${chunk.toString()}`);
      }
      if (reader.read(chunk) === 0) return;
      const { index } = socket;
      if (index >= warmupCount) latenciesMs[index - warmupCount] = performance.now() - schedule.dueMs(index);
      answered += 1;
      free.push(socket);
    };
  }

  const deadlineMs = schedule.dueMs(schedule.count) + drainMs;
  try {
    await new Promise<void>((resolve, reject) => {
      const poll = (): void => {
        const nowMs = performance.now();
        for (let due = schedule.dueCount(nowMs); sent < due; sent++) {
          const socket = free.pop();
          if (socket === undefined) break;
          socket.index = sent;
          socket.isAnswering = false;
          socket.write(request);
        }
        if (failure !== undefined) reject(failure);
        else if (answered === schedule.count) resolve();
        else if (nowMs > deadlineMs) reject(new Error(`${schedule.count - answered} requests had no answer`));
        else {
          Atomics.wait(sleeper, 0, 0, pauseMs);
          setImmediate(poll);
        }
      };
      poll();
    });
  } finally {
    for (const socket of sockets) socket.close();
  }
  return toLatencyQuantiles(latenciesMs);
}

interface Connection {
  /** Number of the request in flight, or of the last. */
  index: number;
  /** Whether a part of its answer is there. */
  isAnswering: boolean;
  onChunk: (chunk: Buffer) => void;
  fail: (error: Error) => void;
  write(bytes: Buffer): void;
  close(): void;
}

async function open(port: number): Promise<Connection> {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const connection: Connection = {
    index: 0,
    isAnswering: false,
    onChunk: () => undefined,
    fail: () => undefined,
    write: (bytes) => void socket.write(bytes),
    close() {
      socket.removeAllListeners();
      socket.destroy();
    },
  };
  socket.on('data', (chunk) => connection.onChunk(chunk));
  socket.on('error', (error) => connection.fail(error));
  socket.on('close', () => connection.fail(new Error('a connection was closed')));
  return connection;
}

answerQuestions((question) => run(question as OpenLoopQuestion));
