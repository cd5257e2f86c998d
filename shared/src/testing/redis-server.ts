import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';

/** A real redis-server on a free port, with an append-only file that survives `kill` and `start`. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Resolves when it takes connections; does nothing while it runs. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Kills it and removes its data, so that it starts as an empty one. */
  lose(): Promise<void>;
  /** Stops answering while connections stay open, and goes on. */
  freeze(): void;
  thaw(): void;
  /** Kills it and removes its files. */
  remove(): Promise<void>;
}

/** `program`: path of redis-server. Nothing runs before `start`. */
export async function createRedisServer(program: string): Promise<RedisServer> {
  const port = await findFreePort();
  const folder = await mkdtemp(join(tmpdir(), 'heddle-redis-'));
  let child: ChildProcess | undefined;

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async start() {
      if (child?.exitCode === null && child.signalCode === null) return;
      const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
      child = spawn(program, [...settings, '--appendonly', 'yes', '--appendfsync', 'always'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await becomesReady(child);
    },
    kill,
    async lose() {
      await kill();
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its own word rather than a connection: on a port that was taken meanwhile, somebody else would answer. */
async function becomesReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('redis-server has no output');
  let output = '';
  // Read on after the line, or the server would block on a full pipe one day.
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) resolve();
    });
  });
  const exited = once(child, 'exit').then(() => {
    throw new Error(`redis-server ended before it was ready:\n${output}`);
  });
  exited.catch(() => undefined);
  await Promise.race([ready, exited]);
}
