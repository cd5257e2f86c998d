import type { TestContext } from 'node:test';
import { probeAddress } from '../src/probe-address.ts';
import { socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoy } from './statistics/envoy-process.ts';
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
  const envoy = runEnvoy(envoyPath, bootstrap);
  t.after(() => envoy.stop());
  await sidecar.portOf('l');
  await envoy.until(() => isAccepting(theirs));
  return { ours, theirs, ourAdmin: sidecar.adminPort, theirAdmin };
}
