import path from 'node:path';
import { meshSize, serviceName, type StartedControlPlane } from '../control-planes/control-plane.ts';
import { startHelper } from '../helper-process.ts';
import type { Stage } from '../stage.ts';
import type { Change, Churn } from './changes.ts';
import type { FleetAnswer, FleetQuestion } from './fleet-process.ts';

export const fleetSize = 1000;

/** The simulated sidecars, as scenarios see them. */
export interface FleetClient {
  /** Milliseconds until all have everything. */
  connect(controlPlane: StartedControlPlane): Promise<number>;
  /** Milliseconds of each change, one after another. */
  converge(changes: readonly Change[]): Promise<readonly number[]>;
  churn(changes: readonly Change[], changesPerSecond: number): Promise<Churn>;
  close(): Promise<void>;
}

export function startFleet(stage: Stage): FleetClient {
  const module = path.join(import.meta.dirname, 'fleet-process.ts');
  const helper = startHelper<FleetQuestion, FleetAnswer>(stage, module);
  return {
    connect: async ({ xdsPort }) =>
      (await helper.ask({
        kind: 'connect',
        port: xdsPort,
        size: fleetSize,
        clusters: meshSize.services,
      })) as number,
    converge: async (changes) => (await helper.ask({ kind: 'converge', changes })) as readonly number[],
    churn: async (changes, changesPerSecond) =>
      (await helper.ask({ kind: 'churn', changes, changesPerSecond })) as Churn,
    async close() {
      await helper.ask({ kind: 'close' });
    },
  };
}

/** So many changes of different services; `weight` must differ from the one before. */
export function buildChanges(
  controlPlane: StartedControlPlane,
  count: number,
  weight: number,
): readonly Change[] {
  return Array.from({ length: Math.min(count, meshSize.services) }, (_, service) => ({
    resource: serviceName(service),
    write: controlPlane.writeWeight(service, weight),
  }));
}
