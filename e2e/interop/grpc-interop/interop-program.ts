import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { findFreePort } from '@heddle/shared/testing/free-port';
import type { Harness } from '../../harness/harness.ts';
import { buildGoProgram } from '../build-go-program.ts';

const run = promisify(execFile);

/** The Go program of this folder; `[Symbol.dispose]` deletes it. */
export interface InteropProgram extends Disposable {
  /** Names of all cases. */
  cases(): Promise<readonly string[]>;
  /** Resolves when the case passed; rejects with what the program said. */
  runCase(name: string, port: number): Promise<void>;
  /** Returns the port of a server, which ends with the harness. */
  startServer(harness: Harness): Promise<number>;
}

/** Longer than the program itself waits for a case. */
const caseLimitMs = 30_000;

export async function buildInteropProgram(go: string): Promise<InteropProgram> {
  const program = await buildGoProgram(go, import.meta.dirname);
  return {
    async cases() {
      const { stdout } = await run(program.path, ['cases']);
      return stdout.trim().split('\n');
    },
    async runCase(name, port) {
      await run(program.path, ['client', '--port', String(port), '--case', name], { timeout: caseLimitMs });
    },
    async startServer(harness) {
      const port = await findFreePort();
      await harness.start(
        { name: 'grpc-server', command: [program.path, 'server', '--port', String(port)] },
        () => isAccepting(port),
      );
      return port;
    },
    [Symbol.dispose]: () => program[Symbol.dispose](),
  };
}

function isAccepting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
