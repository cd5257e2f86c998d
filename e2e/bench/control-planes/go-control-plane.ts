import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { subjectCore } from '../stage.ts';
import { meshSize, type ControlPlane } from './control-plane.ts';

const settleMs = 1000;

/** The program of `go-control-plane/`; the first build on a machine downloads its modules. Returns its path. */
export async function buildGoControlPlane(go: string, folder: string): Promise<string> {
  const program = path.join(folder, 'go-control-plane');
  const cwd = path.join(import.meta.dirname, 'go-control-plane');
  await promisify(execFile)(go, ['build', '-o', program, '.'], { cwd });
  return program;
}

export function createGoControlPlane(program: string, cache: 'snapshot' | 'linear'): ControlPlane {
  const name = `go-control-plane-${cache}`;
  return {
    name,
    async start(stage) {
      const [controlPort = 0, xdsPort = 0] = await findFreePorts(2);
      const child = stage.start(name, subjectCore, [
        ...[program, '-cache', cache, '-xds-port', String(xdsPort), '-control-port', String(controlPort)],
        ...['-services', String(meshSize.services), '-instances', String(meshSize.instances)],
      ]);
      await waitForAnswer(controlPort, '127.0.0.1', 30_000, { path: '/ready' });
      await delay(settleMs);
      return {
        name,
        pid: child.pid,
        xdsPort,
        writeWeight: (service, weight) => ({
          port: controlPort,
          method: 'PUT',
          path: `/weight?service=${service}&weight=${weight}`,
        }),
        stop: () => stage.stop(child),
      };
    },
  };
}
