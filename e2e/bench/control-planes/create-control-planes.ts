import { findPeer } from '@heddle/shared/testing/peers';
import type { BenchOptions } from '../scenario.ts';
import type { ControlPlane } from './control-plane.ts';
import { buildGoControlPlane, createGoControlPlane } from './go-control-plane.ts';
import { createHeddleControlPlane } from './heddle.ts';

/** Heddle, and go-control-plane with each of its caches where Go can build it; says when it cannot. */
export async function createControlPlanes(options: BenchOptions): Promise<readonly ControlPlane[]> {
  const heddle = createHeddleControlPlane(options);
  const go = findPeer('go');
  if (go === undefined) {
    options.onProgress('not on this machine, so not in the table: go-control-plane (needs Go)');
    return [heddle];
  }
  try {
    const program = await buildGoControlPlane(go, options.folder);
    return [heddle, createGoControlPlane(program, 'snapshot'), createGoControlPlane(program, 'linear')];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    options.onProgress(`go-control-plane could not be built, so it is not in the table: ${reason}`);
    return [heddle];
  }
}
