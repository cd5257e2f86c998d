import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../time/clock.ts';

export interface ProcessSpec {
  /** For people: `web-1 (sidecar)`. */
  readonly name: string;
  /** `node` is the Node that runs us; anything else is looked up on the PATH. */
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  /** The whole environment; without it, our own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** stdout and stderr are appended to it; its folder is made. */
  readonly logFile: string;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  readonly message?: string;
}

export interface ManagedProcess {
  readonly name: string;
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  readonly logFile: string;
  readonly exited: Promise<ProcessExit>;
  readonly exit: ProcessExit | undefined;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `deadlineMs`; resolves when the process is gone. Idempotent. */
  stop(deadlineMs: number): Promise<ProcessExit>;
}

const endWithParent = new URL(
  import.meta.url.endsWith('.ts') ? './end-with-parent.ts' : './end-with-parent.js',
  import.meta.url,
).href;

/**
 * Starts a process that belongs to us alone: in a group of its own, so that Ctrl-C in the terminal reaches it
 * only through us, and (Node programs) gone when we are gone.
 */
export function startProcess(spec: ProcessSpec, clock: Clock): ManagedProcess {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a');
  const [program, ...programArguments] = spec.command;
  const isNode = program === 'node';
  let child: ChildProcess;
  try {
    child = spawn(
      isNode ? process.execPath : program,
      isNode ? ['--import', endWithParent, ...programArguments] : programArguments,
      {
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
        ...(spec.environment === undefined ? {} : { env: spec.environment }),
        stdio: isNode ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
        detached: true,
      },
    );
  } finally {
    closeSync(log);
  }

  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    const settle = (value: ProcessExit): void => {
      exit ??= value;
      resolve(exit);
    };
    child.once('exit', (code, signal) => settle({ code, signal }));
    child.once('error', (error) => {
      if (child.pid === undefined) settle({ code: null, signal: null, message: error.message });
    });
  });

  return {
    name: spec.name,
    pid: child.pid,
    logFile: spec.logFile,
    exited,
    get exit() {
      return exit;
    },
    kill(signal) {
      if (exit === undefined) child.kill(signal);
    },
    async stop(deadlineMs) {
      if (exit !== undefined) return exit;
      child.kill('SIGTERM');
      const timer = clock.setTimer(deadlineMs, () => child.kill('SIGKILL'));
      const result = await exited;
      timer.cancel();
      return result;
    },
  };
}

/** `killed by SIGKILL`, `ended with 1`. */
export function describeExit(exit: ProcessExit): string {
  if (exit.message !== undefined) return `could not be started: ${exit.message}`;
  return exit.signal === null ? `ended with ${String(exit.code)}` : `was ended by ${exit.signal}`;
}
