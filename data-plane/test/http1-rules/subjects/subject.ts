import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { LanePorts } from '../socket-lane.ts';

/** A proxy that the rules are tried on. */
export interface Subject {
  readonly name: string;
  /** Undefined: this machine does not have it. */
  readonly program: string | undefined;
  /** Writes what it needs into `folder`; the command line that starts it in the foreground. */
  prepare(folder: string, lanes: readonly LanePorts[]): readonly string[];
}

export interface RunningSubject {
  stop(): Promise<void>;
}

/** Starts it and waits until every lane is open. */
export async function startSubject(
  subject: Subject,
  folder: string,
  lanes: readonly LanePorts[],
): Promise<RunningSubject> {
  const [program = '', ...commandLine] = subject.prepare(folder, lanes);
  const child = spawn(program, commandLine, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  for (const port of lanes.flatMap((lane) => [lane.port, lane.http10Port])) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null || child.pid === undefined)
        throw new Error(`${subject.name} ended before port ${port} was open`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
