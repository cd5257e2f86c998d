import type { ManagedProcess } from '@heddle/shared/processes/managed-process';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { answersOk, type Harness } from '../../harness/harness.ts';
import { call } from '../../harness/http-call.ts';
import type { GoProgram } from '../build-go-program.ts';
import type { XdsResource } from '../xds-resources.ts';

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

export interface ManagementServerOptions {
  /** Of its log. */
  readonly name?: string;
  /** It sends one type after the other, as its snapshot cache asks for; else all at once. */
  readonly isOrdered?: boolean;
}

export async function startManagementServer(
  harness: Harness,
  program: GoProgram,
  { name = 'management-server', isOrdered = false }: ManagementServerOptions = {},
): Promise<ManagementServer> {
  const [xdsPort = 0, controlPort = 0] = await findFreePorts(2);
  let version = 0;
  const launch = (): Promise<ManagedProcess> =>
    harness.start(
      {
        name,
        command: [
          program.path,
          ...['--xds-port', String(xdsPort), '--control-port', String(controlPort)],
          ...(isOrdered ? ['--ordered'] : []),
        ],
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
