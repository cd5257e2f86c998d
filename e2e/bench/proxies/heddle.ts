import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { heddleCommand } from '../heddle-program.ts';
import type { BenchOptions } from '../scenario.ts';
import { buildBootstrap } from './envoy-bootstrap.ts';
import type { Proxy } from './proxy.ts';

/** Our sidecar with one worker. */
export function createHeddle(options: Pick<BenchOptions, 'isCompiled' | 'profileFolder'>): Proxy {
  const command = heddleCommand('data-plane', options);
  return {
    name: 'heddle',
    program: command[0],
    hasAdmin: true,
    speaks: () => true,
    prepare(folder, setup) {
      const file = path.join(folder, 'heddle.json');
      writeFileSync(file, JSON.stringify(buildBootstrap(setup, { isTuned: false })));
      return [...command, '-c', file, '--concurrency', '1', '-l', 'warn'];
    },
  };
}
