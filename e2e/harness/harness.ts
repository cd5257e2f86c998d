import { rmSync } from 'node:fs';
import path from 'node:path';
import {
  describeExit,
  startProcess,
  type ManagedProcess,
  type ProcessSpec,
} from '@heddle/shared/processes/managed-process';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { systemClock } from '@heddle/shared/time/clock';
import { call } from './http-call.ts';

export const repositoryRoot = path.resolve(import.meta.dirname, '../..');

/** What the parts of a mesh (control planes, sidecars, services, …) are started with. */
export interface Harness extends AsyncDisposable {
  /** Logs, registry files and generated configuration of this scenario. */
  readonly folder: string;
  /**
   * Starts a process and waits until `isReady`. Throws with its log's name when it ends before. `node` is the Node
   * that runs the tests. `logFile` is in the scenario's folder unless given.
   */
  start(spec: LoggedSpec, isReady: () => Promise<boolean>): Promise<ManagedProcess>;
  /** Called before the processes are ended, also when the scenario failed: whatever else would keep it running. */
  onEnd(callback: () => Promise<unknown>): void;
  /** Ends everything that was started here, and nothing else. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type LoggedSpec = Omit<ProcessSpec, 'logFile'> & Partial<Pick<ProcessSpec, 'logFile'>>;

const readyDeadlineMs = 20_000;
const stopDeadlineMs = 5000;

/** `await using harness = createHarness('warming')`. The folder is `e2e/.logs/<scenario>`, emptied at the start. */
export function createHarness(scenario: string): Harness {
  const folder = path.join(repositoryRoot, 'e2e', '.logs', scenario);
  rmSync(folder, { recursive: true, force: true });
  const processes: ManagedProcess[] = [];
  const callbacks: (() => Promise<unknown>)[] = [];
  let logCount = 0;
  return {
    folder,
    async start(spec, isReady) {
      const numbered = `${String(++logCount).padStart(2, '0')}-${spec.name}.log`;
      const { logFile = path.join(folder, numbered) } = spec;
      const process = startProcess({ ...spec, logFile }, systemClock);
      processes.push(process);
      await until(
        `${spec.name} is ready (${logFile})`,
        () => process.exit !== undefined || isReady(),
        readyDeadlineMs,
      );
      if (process.exit !== undefined)
        throw new Error(`${spec.name} ${describeExit(process.exit)}: see ${logFile}`);
      return process;
    },
    onEnd(callback) {
      callbacks.push(callback);
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(callbacks.map((callback) => callback()));
      await Promise.all(processes.map((process) => process.stop(stopDeadlineMs)));
    },
  };
}

/** Waits for a condition; 10 s unless given. Returns what `look` found. */
export function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 10_000,
): Promise<T> {
  return waitUntil(what, look, { clock: systemClock, deadlineMs, intervalMs: 20 });
}

/** Whether a GET answers with 200; false, not an error, while nobody listens. */
export async function answersOk(
  port: number,
  requestPath: string,
  host?: string,
  address = '127.0.0.1',
): Promise<boolean> {
  try {
    return (
      (await call(port, requestPath, { address, ...(host === undefined ? {} : { host }) })).status === 200
    );
  } catch {
    return false;
  }
}

export { findFreePort };
