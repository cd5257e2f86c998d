import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPeer } from '@heddle/shared/testing/peers';
import { benchHost } from '../proxies/proxy.ts';
import { loadCore } from '../stage.ts';
import type { LoadResult } from './load-result.ts';

const run = promisify(execFile);

export interface Http2LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** On each connection at the same time. */
  readonly streams: number;
  readonly seconds: number;
  /** `/` unless given. */
  readonly path?: string;
  /** Fields as `name: value`. */
  readonly headers?: readonly string[];
  /** Sends a POST of this file; a GET without. */
  readonly bodyFile?: string;
}

/** One closed-loop run of h2load on the load core, HTTP/2 without TLS. Throws when a request failed. */
export async function runHttp2Load(options: Http2LoadOptions): Promise<LoadResult> {
  const { port, connections, streams, seconds, path = '/', headers = [], bodyFile } = options;
  const h2load = findPeer('h2load');
  if (h2load === undefined) throw new Error('the load needs h2load (apt-get install nghttp2-client)');
  const { stdout } = await run('taskset', [
    ...['-c', String(loadCore), h2load, '-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`],
    ...headers.flatMap((header) => ['-H', header]),
    ...(bodyFile === undefined ? [] : ['-d', bodyFile]),
    `--connect-to=127.0.0.1:${port}`,
    `http://${benchHost}${path}`,
  ]);
  const result = parseH2load(stdout);
  if (result.errorCount > 0) throw new Error(`${result.errorCount} requests failed:\n${stdout}`);
  return result;
}

export function parseH2load(output: string): LoadResult {
  const rate = /^finished in [^,]+, ([\d.]+) req\/s/m.exec(output)?.[1];
  const requests = /(\d+) done, (\d+) succeeded, (\d+) failed, \d+ errored, (\d+) timeout/.exec(output);
  if (rate === undefined || requests === null) throw new Error(`h2load printed no rate:\n${output}`);
  const [done = 0, succeeded = 0, failed = 0, timedOut = 0] = requests.slice(1).map(Number);
  return {
    requestsPerSecond: Number(rate),
    requestCount: succeeded,
    // An answer that is not 2xx or 3xx was done and did not succeed.
    errorCount: Math.max(done - succeeded, failed) + timedOut,
  };
}
