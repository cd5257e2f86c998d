import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describeExit, startProcess, type ManagedProcess } from '@heddle/shared/processes/managed-process';
import { systemClock } from '@heddle/shared/time/clock';

/** What is measured has a core for itself; everything that measures it shares the other. */
export const subjectCore = 0;
export const loadCore = 1;

/** The processes of one scenario, each on one core; ends exactly those. */
export interface Stage extends AsyncDisposable {
  /** `environment` is added to ours. As many open files as the machine allows. */
  start(
    name: string,
    core: number,
    command: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): ManagedProcess & { readonly pid: number };
  /** Ends one of them before the scenario ends. */
  stop(process: ManagedProcess): Promise<void>;
  /** Called first at the end: helpers, sockets. */
  onEnd(callback: () => Promise<unknown>): void;
}

const stopDeadlineMs = 3000;

export function createStage(folder: string): Stage {
  const running = new Set<ManagedProcess>();
  const callbacks: (() => Promise<unknown>)[] = [];
  let count = 0;
  const end = async (): Promise<void> => {
    process.off('SIGINT', onInterrupt);
    await Promise.allSettled(callbacks.map((callback) => callback()));
    const children = [...running];
    running.clear();
    await Promise.all(children.map((child) => child.stop(stopDeadlineMs)));
  };
  // The processes stand in groups of their own, which Ctrl-C does not reach.
  const onInterrupt = (): void => void end().then(() => process.exit(130));
  process.once('SIGINT', onInterrupt);
  return {
    start(name, core, command, environment = {}) {
      const child = startProcess(
        {
          name,
          command: ['taskset', '-c', String(core), 'sh', '-c', raiseLimit, 'sh', ...command],
          environment: { ...process.env, ...environment },
          logFile: path.join(folder, `${++count}-${name}.log`),
        },
        systemClock,
      );
      const { pid } = child;
      if (pid === undefined) throw new Error(`${name}: taskset could not be started`);
      running.add(child);
      void child.exited.then((exit) => {
        if (running.delete(child) && exit.code !== 0) process.emitWarning(`${name} ${describeExit(exit)}`);
      });
      return Object.assign(child, { pid });
    },
    async stop(child) {
      running.delete(child);
      await child.stop(stopDeadlineMs);
    },
    onEnd(callback) {
      callbacks.push(callback);
    },
    [Symbol.asyncDispose]: end,
  };
}

const raiseLimit = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';

/** How many files a process may open at most. */
export function openFileLimit(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return text === 'unlimited' ? Infinity : Number(text);
}
