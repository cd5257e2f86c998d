import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../src/probe-address.ts';
import { socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

/** A sidecar and a real Envoy with the same resources. */
export interface Both {
  /** Where each accepts. */
  readonly ours: number;
  readonly theirs: number;
  readonly ourAdmin: number;
  readonly theirAdmin: number;
}

/** `build`: the static resources of one side, whose first listener takes over these fields. */
export async function startBoth(
  t: TestContext,
  envoyPath: string,
  build: (listenerFields: Json) => Json,
): Promise<Both> {
  const free = async (): Promise<number> => (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
  const [ours, theirs, theirAdmin] = [await free(), await free(), await free()];
  const sidecar = await startSidecarProcess(
    { static_resources: build({ address: socketAddress(ours) }) },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  const bootstrap = {
    node: { id: 'n', cluster: 'c' },
    admin: { address: socketAddress(theirAdmin) },
    static_resources: build({ address: socketAddress(theirs) }),
  };
  // One argument of a program takes 128 kB at most.
  const directory = await mkdtemp(join(tmpdir(), 'heddle-envoy-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'bootstrap.json');
  await writeFile(file, JSON.stringify(bootstrap));
  const process = spawn(
    envoyPath,
    [
      '--config-path',
      file,
      '--concurrency',
      '1',
      '-l',
      'error',
      '--use-dynamic-base-id',
      '--file-flush-interval-msec',
      '20',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  t.after(async () => {
    if (process.exitCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'close');
  });
  await sidecar.portOf('l');
  while (!(await isAccepting(theirs))) {
    if (process.exitCode !== null) throw new Error('the real Envoy has ended');
    await sleep(systemClock, 20);
  }
  return { ours, theirs, ourAdmin: sidecar.adminPort, theirAdmin };
}
