import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPeer } from '@heddle/shared/testing/peers';
import { buildBootstrap } from './envoy-bootstrap.ts';
import type { Proxy } from './proxy.ts';

/** Envoy with one worker: with the file that Heddle gets, and tuned as its FAQ advises for benchmarks. */
export function createEnvoy(variant: 'defaults' | 'tuned'): Proxy {
  const program = findPeer('envoy');
  const isTuned = variant === 'tuned';
  return {
    name: `envoy (${variant})`,
    program,
    hasAdmin: true,
    speaks: () => true,
    prepare(folder, setup) {
      const file = path.join(folder, `envoy-${variant}.json`);
      writeFileSync(file, JSON.stringify(buildBootstrap(setup, { isTuned })));
      return [program ?? 'envoy', '-c', file, '--concurrency', '1', '-l', 'off', '--disable-hot-restart'];
    },
  };
}
