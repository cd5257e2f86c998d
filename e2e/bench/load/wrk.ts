import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPeer } from '@heddle/shared/testing/peers';
import { benchHost } from '../proxies/proxy.ts';
import { loadCore } from '../stage.ts';
import type { LoadResult } from './load-result.ts';

const run = promisify(execFile);

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** A Lua file for wrk; it sends GETs without. */
  readonly script?: string;
}

/** One closed-loop run of wrk on the load core. Throws when a request failed. */
export async function runLoad({ port, connections, seconds, script }: LoadOptions): Promise<LoadResult> {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('the load needs wrk (apt-get install wrk)');
  const { stdout } = await run('taskset', [
    ...['-c', String(loadCore), wrk, '-t1', `-c${connections}`, `-d${seconds}s`],
    ...['-H', `Host: ${benchHost}`],
    ...(script === undefined ? [] : ['-s', script]),
    `http://127.0.0.1:${port}/`,
  ]);
  const result = parseWrk(stdout);
  if (result.errorCount > 0) throw new Error(`${result.errorCount} requests failed:\n${stdout}`);
  return result;
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
