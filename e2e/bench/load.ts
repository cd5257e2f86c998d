import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requestCount: number;
  /** Answers that were not 2xx or 3xx, and sockets that failed. A run with any is not a measurement. */
  readonly errorCount: number;
}

export interface LoadOptions {
  readonly wrk: string;
  readonly core: number;
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

/** One closed-loop run of wrk, pinned to a core. */
export async function runLoad({ wrk, core, url, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const { stdout } = await run('taskset', [
    '-c',
    String(core),
    wrk,
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '-H',
    'Host: bench.test',
    url,
  ]);
  return parseWrk(stdout);
}

export function parseWrk(output: string): LoadResult {
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(output)?.[1];
  const count = /^\s+(\d+) requests in /m.exec(output)?.[1];
  if (rate === undefined || count === undefined) throw new Error(`wrk printed no rate:\n${output}`);
  const badAnswers = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const socketErrors = (sockets?.slice(1) ?? []).reduce((sum, text) => sum + Number(text), 0);
  return {
    requestsPerSecond: Number(rate),
    requestCount: Number(count),
    errorCount: badAnswers + socketErrors,
  };
}
