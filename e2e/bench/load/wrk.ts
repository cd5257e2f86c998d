import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { findPeer } from '@heddle/shared/testing/peers';
import { benchCipher, benchHost } from '../proxies/proxy.ts';
import { loadCore } from '../stage.ts';
import type { LoadResult } from './load-result.ts';

const run = promisify(execFile);

/** A script: POST of 1 MiB. */
export const oneMebibytePost = path.join(import.meta.dirname, 'post-one-mebibyte.lua');

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** A Lua file for wrk; it sends GETs without. */
  readonly script?: string;
  /** Over TLS, with a file about it in this folder. */
  readonly tlsFolder?: string;
}

/** One closed-loop run of wrk on the load core. Throws when a request failed. */
export async function runLoad({
  port,
  connections,
  seconds,
  script,
  tlsFolder,
}: LoadOptions): Promise<LoadResult> {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('the load needs wrk (apt-get install wrk)');
  const { stdout } = await run(
    'taskset',
    [
      ...['-c', String(loadCore), wrk, '-t1', `-c${connections}`, `-d${seconds}s`],
      ...['-H', `Host: ${benchHost}`],
      ...(script === undefined ? [] : ['-s', script]),
      `${tlsFolder === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`,
    ],
    { env: { ...process.env, ...(tlsFolder === undefined ? {} : opensslSettings(tlsFolder)) } },
  );
  const result = parseWrk(stdout);
  if (result.errorCount > 0) throw new Error(`${result.errorCount} requests failed:\n${stdout}`);
  return result;
}

/** wrk has no such flags. The same version, cipher and key exchange with every server. */
function opensslSettings(folder: string): Readonly<Record<string, string>> {
  const file = path.join(folder, 'wrk-openssl.cnf');
  const lines = [
    'openssl_conf = all',
    '[all]\nssl_conf = ssl',
    '[ssl]\nsystem_default = default',
    `[default]\nMinProtocol = TLSv1.3\nCiphersuites = ${benchCipher}\nGroups = X25519`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { OPENSSL_CONF: file };
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
