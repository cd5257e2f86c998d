import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../harness/harness.ts';

/** What happens inside a process, by `inject-fault.ts`, when it is told to. */
export type InjectedFault =
  /** An error in the worker thread that nobody catches. */
  | { readonly kind: 'worker-throws'; readonly worker: number }
  | { readonly kind: 'worker-exits'; readonly worker: number; readonly code: number }
  /** The wall clock is so far off, in all threads. 0 puts it right again. */
  | { readonly kind: 'clock-jump'; readonly byMs: number }
  /** Objects that stay fill the heap of each worker until so much of it is used. */
  | { readonly kind: 'fill-heap'; readonly megabytes: number }
  | { readonly kind: 'free-heap' };

/** A process that faults can be injected into. */
export interface FaultInlet {
  /** For its command, before the program. */
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `pid` is the process that was started with these; resolves at once, before anything has happened. */
  inject(pid: number | undefined, fault: InjectedFault): void;
}

/** `folder` must exist when a fault is injected. */
export function createFaultInlet(folder: string, name: string): FaultInlet {
  const file = path.join(folder, `${name}.fault.json`);
  return {
    nodeArguments: ['--import', path.join(repositoryRoot, 'e2e/faults/inject-fault.ts')],
    environment: { HEDDLE_FAULT_FILE: file },
    inject(pid, fault) {
      if (pid === undefined) throw new Error(`${name} does not run`);
      writeFileSync(file, JSON.stringify(fault));
      process.kill(pid, 'SIGUSR2');
    },
  };
}
