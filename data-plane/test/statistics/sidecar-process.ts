import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { askAdmin } from './ask-admin.ts';
import { probeAddress } from '../../src/probe-address.ts';

const program = join(import.meta.dirname, '../../src/main.ts');

/** A whole sidecar as a process of its own. */
export interface SidecarProcess {
  readonly adminPort: number;
  /** Where a listener accepts, as it said so in the log. */
  portOf(listener: string): Promise<number>;
  post(path: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export interface SidecarOptions {
  /** Of the sidecar: `--concurrency` and the like. */
  readonly argv?: readonly string[];
  /** Of Node. */
  readonly nodeArguments?: readonly string[];
  /** Most file descriptors that it may have. */
  readonly descriptorLimit?: number;
}

/** Returns before it is ready: some statistics move only then. */
export async function startSidecarProcess(
  resources: Readonly<Record<string, unknown>>,
  { argv = [], nodeArguments = [], descriptorLimit }: SidecarOptions = {},
): Promise<SidecarProcess> {
  const { port: adminPort } = await probeAddress({ address: '127.0.0.1', port: 0 });
  const bootstrap = {
    node: { id: 'statistics', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    ...resources,
  };
  const limit = descriptorLimit === undefined ? '' : `ulimit -n ${descriptorLimit}; `;
  // A file: as an argument it could be too long.
  const folder = mkdtempSync(join(tmpdir(), 'heddle-sidecar-'));
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const command = [...nodeArguments, program, '--config-path', file, ...argv];
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ports = readPorts(child);
  return {
    adminPort,
    async portOf(listener) {
      for (;;) {
        const port = ports.known.get(listener);
        if (port === undefined) await ports.next();
        else if (await isAccepting(port)) return port;
      }
    },
    async post(path) {
      await askAdmin(adminPort, path, 'POST');
    },
    signal: (name) => void child.kill(name),
    async stop() {
      rmSync(folder, { recursive: true, force: true });
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** A proxy says where a listener is before its workers are there. */
export async function isAccepting(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function readPorts(child: ChildProcess) {
  const known = new Map<string, number>();
  const waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = [];
  const log: string[] = [];
  if (child.stderr === null) throw new Error('stderr is a pipe');
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    log.push(line);
    if (!line.startsWith('{')) return;
    const { msg, address, listener } = JSON.parse(line) as Record<string, string | undefined>;
    if (msg !== 'listener is active' || address === undefined || listener === undefined) return;
    known.set(listener, Number(address.split(':').at(-1)));
    for (const { resolve } of waiting.splice(0)) resolve();
  });
  lines.on('close', () => {
    const reason = new Error(`the sidecar ended:\n${log.slice(-5).join('\n')}`);
    for (const { reject } of waiting.splice(0)) reject(reason);
  });
  return {
    known,
    next: () =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ resolve, reject });
      }),
  };
}
