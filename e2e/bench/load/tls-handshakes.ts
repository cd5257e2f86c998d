import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { findPeer } from '@heddle/shared/testing/peers';
import { benchHost } from '../proxies/proxy.ts';
import { loadCore } from '../stage.ts';
import type { LoadResult } from './load-result.ts';

const run = promisify(execFile);

export interface HandshakeOptions {
  readonly port: number;
  /** At the same time. */
  readonly connections: number;
  readonly seconds: number;
  /** File of the authority that the server's certificate must lead to. */
  readonly authority: string;
  /** Every connection resumes the session of the one before it; otherwise none does. */
  readonly isResumed: boolean;
}

/** Whether the load was the limit: what of its own core a handshake took. */
export type HandshakeResult = LoadResult & { readonly loadCpuMicroseconds: number };

/** The program of `tls-handshakes/`. Returns its path. */
export async function buildHandshakeLoad(folder: string): Promise<string> {
  const go = findPeer('go');
  if (go === undefined) throw new Error('the load needs Go (https://go.dev/dl)');
  const program = path.join(folder, 'tls-handshakes');
  await run(go, ['build', '-o', program, '.'], { cwd: path.join(import.meta.dirname, 'tls-handshakes') });
  return program;
}

/** One closed-loop run. Throws when a request failed, or a session was resumed, or not, against what was asked for. */
export async function runHandshakes(program: string, options: HandshakeOptions): Promise<HandshakeResult> {
  const { port, connections, seconds, authority, isResumed } = options;
  const { stdout } = await run('taskset', [
    ...['-c', String(loadCore), program, '-address', `127.0.0.1:${port}`, '-host', benchHost],
    ...['-authority', authority, '-connections', String(connections), '-seconds', String(seconds)],
    ...(isResumed ? ['-resume'] : []),
  ]);
  return JSON.parse(stdout) as HandshakeResult;
}
