import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildBootstrap } from './envoy-bootstrap.ts';
import type { Proxy } from './proxy.ts';

const program = path.resolve(import.meta.dirname, '../../../data-plane/src/main.ts');

/** Our sidecar with one worker. `profileFolder`: it writes a CPU profile of each of its threads there. */
export function createHeddle(profileFolder: string | undefined): Proxy {
  return {
    name: 'heddle',
    program,
    hasAdmin: true,
    prepare(folder, setup) {
      const file = path.join(folder, 'heddle.json');
      writeFileSync(file, JSON.stringify(buildBootstrap(setup, { isTuned: false })));
      const profile = nodeProfileFlags(profileFolder);
      return [process.execPath, ...profile, program, '-c', file, '--concurrency', '1', '-l', 'warn'];
    },
  };
}

/** Flags of Node that write a CPU profile into a folder when the program ends. */
export function nodeProfileFlags(folder: string | undefined): readonly string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
