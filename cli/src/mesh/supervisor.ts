import { HeddleError } from '@heddle/shared/errors/heddle-error';
import {
  startProcess,
  type ManagedProcess,
  type ProcessExit,
  type ProcessSpec,
} from '@heddle/shared/processes/managed-process';
import type { Clock, Timer } from '@heddle/shared/time/clock';

export type SupervisorEvent =
  | { readonly kind: 'started'; readonly name: string; readonly pid: number | undefined }
  | {
      readonly kind: 'exited';
      readonly name: string;
      readonly exit: ProcessExit;
      readonly restartInMs: number | undefined;
    };

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** A process died too often; it is not started again. Called once for each such process. */
  readonly onGiveUp: (name: string) => void;
}

export interface SupervisedProcess {
  readonly name: string;
  /** The process that runs now, or the last one. */
  readonly current: ManagedProcess;
  /** Ends it for good. Resolves when it is gone. */
  stop(deadlineMs: number): Promise<void>;
  /** SIGKILL, as a crash would. `isFinal`: it is not started again. Resolves when it is gone. */
  crash(options: { readonly isFinal: boolean }): Promise<void>;
}

export interface Supervisor {
  /** Starts a process. Until `arm`, one that ends stays ended: whoever waits for it sees that. */
  start(spec: ProcessSpec): SupervisedProcess;
  /** From now on what ends without being asked is started again. */
  arm(): void;
  /** Ends everything that was started, at the same time. No process starts after that. */
  stopAll(deadlineMs: number): Promise<void>;
  /** SIGKILL for everything that still runs; `stopAll` then resolves. */
  killAll(): void;
}

/** Pause before the first restart; doubled for each further death within the window. */
const firstPauseMs = 200;
const longestPauseMs = 5000;
/** So many deaths within the window, and the supervisor gives up: something is wrong that a restart does not mend. */
const deathLimit = 6;
const deathWindowMs = 60_000;

export function createSupervisor({ clock, onEvent, onGiveUp }: SupervisorOptions): Supervisor {
  const entries = new Set<Entry>();
  let isArmed = false;
  let isStopping = false;

  interface Entry extends SupervisedProcess {
    current: ManagedProcess;
    isFinal: boolean;
    restart: Timer | undefined;
    deathsAtMs: number[];
  }

  function launch(spec: ProcessSpec): ManagedProcess {
    const process = startProcess(spec, clock);
    onEvent({ kind: 'started', name: spec.name, pid: process.pid });
    return process;
  }

  function watch(entry: Entry, spec: ProcessSpec): void {
    void entry.current.exited.then((exit) => {
      if (isStopping) return;
      const isOver = entry.isFinal || !isArmed;
      const pauseMs = isOver ? undefined : pauseAfterDeath(entry);
      onEvent({ kind: 'exited', name: spec.name, exit, restartInMs: pauseMs });
      if (isOver) return;
      if (pauseMs === undefined) {
        onGiveUp(spec.name);
        return;
      }
      entry.restart = clock.setTimer(pauseMs, () => {
        entry.restart = undefined;
        entry.current = launch(spec);
        watch(entry, spec);
      });
    });
  }

  function pauseAfterDeath(entry: Entry): number | undefined {
    const nowMs = clock.monotonicMs();
    entry.deathsAtMs = [...entry.deathsAtMs.filter((atMs) => nowMs - atMs < deathWindowMs), nowMs];
    if (entry.deathsAtMs.length >= deathLimit) return undefined;
    return Math.min(longestPauseMs, firstPauseMs * 2 ** (entry.deathsAtMs.length - 1));
  }

  async function end(entry: Entry, deadlineMs: number): Promise<void> {
    entry.isFinal = true;
    entry.restart?.cancel();
    await entry.current.stop(deadlineMs);
  }

  return {
    start(spec) {
      if (isStopping) throw new HeddleError('internal', `${spec.name} is not started: the mesh is ending`);
      const entry: Entry = {
        name: spec.name,
        current: launch(spec),
        isFinal: false,
        restart: undefined,
        deathsAtMs: [],
        async stop(deadlineMs) {
          await end(entry, deadlineMs);
          entries.delete(entry);
        },
        async crash({ isFinal }) {
          entry.isFinal ||= isFinal;
          entry.current.kill('SIGKILL');
          await entry.current.exited;
        },
      };
      entries.add(entry);
      watch(entry, spec);
      return entry;
    },
    arm() {
      isArmed = true;
    },
    async stopAll(deadlineMs) {
      isStopping = true;
      await Promise.all([...entries].map((entry) => end(entry, deadlineMs)));
      entries.clear();
    },
    killAll() {
      for (const { current } of entries) current.kill('SIGKILL');
    },
  };
}
