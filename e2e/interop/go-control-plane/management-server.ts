import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ManagedProcess } from '@heddle/shared/processes/managed-process';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { answersOk, type Harness } from '../../harness/harness.ts';
import { call } from '../../harness/http-call.ts';
import type { XdsResource } from '../xds-resources.ts';

/** The built program; `[Symbol.dispose]` deletes it. */
export interface Program extends Disposable {
  readonly path: string;
}

/** `go build` into a folder of its own. The first build on a machine downloads the modules. */
export async function buildManagementServer(go: string): Promise<Program> {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-management-server-'));
  const program = path.join(folder, 'management-server');
  await promisify(execFile)(go, ['build', '-o', program, '.'], { cwd: import.meta.dirname });
  return {
    path: program,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

export interface Refusal {
  readonly typeUrl: string;
  readonly message: string;
}

export interface ManagementServer {
  readonly xdsPort: number;
  /** The whole state of the world under the next version. */
  set(resources: readonly XdsResource[]): Promise<void>;
  /** Every NACK since it started, in order. */
  refusals(): Promise<readonly Refusal[]>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** On the same ports, knowing nothing. */
  restart(): Promise<void>;
}

export async function startManagementServer(harness: Harness, program: Program): Promise<ManagementServer> {
  const [xdsPort = 0, controlPort = 0] = await findFreePorts(2);
  let version = 0;
  const launch = (): Promise<ManagedProcess> =>
    harness.start(
      {
        name: 'management-server',
        command: [program.path, '--xds-port', String(xdsPort), '--control-port', String(controlPort)],
      },
      () => answersOk(controlPort, '/refused'),
    );
  let current = await launch();
  return {
    xdsPort,
    async set(resources) {
      version += 1;
      const { status, body } = await call(controlPort, '/snapshot', {
        method: 'PUT',
        body: JSON.stringify({ version: String(version), resources }),
      });
      if (status !== 204) throw new Error(`the management server refused a snapshot: ${body}`);
    },
    async refusals() {
      return JSON.parse((await call(controlPort, '/refused')).body) as Refusal[];
    },
    async kill() {
      current.kill('SIGKILL');
      await current.exited;
    },
    async restart() {
      current = await launch();
    },
  };
}
