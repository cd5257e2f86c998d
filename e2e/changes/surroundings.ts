import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { instance, route, service } from '../harness/objects.ts';

/** What changes may make use of. Every list is used from its start and may be as long as wanted. */
export interface Surroundings {
  /** Services that are routable all the time, and that the load goes to. */
  readonly keptServices: readonly string[];
  /** Services that come and go. */
  readonly extraServices: readonly string[];
  /** Ports of 127.0.0.1 where a program answers everything with 200: at least two for each kept service. */
  readonly backendPorts: readonly number[];
  /** Ports that services may ask for as their own; see `steadyPort` and `passedPort`. */
  readonly ownPorts: readonly number[];
}

/** Belongs to the first kept service for good. */
export const steadyPort = ({ ownPorts }: Surroundings): number | undefined => ownPorts[0];

/** Passes from one to another of the other kept services, and is never without an owner. */
export const passedPort = ({ ownPorts }: Surroundings): number | undefined => ownPorts[1];

export const versions = ['v1', 'v2', 'v3'] as const;

/** The mesh that a run starts with: each kept service with two versions and a route to the first. */
export function initialObjects(surroundings: Surroundings): MeshObject[] {
  const { keptServices, backendPorts } = surroundings;
  const ports = [steadyPort(surroundings), passedPort(surroundings)];
  return keptServices.flatMap((name, index): MeshObject[] => {
    const ownPort = ports[index];
    return [
      { ...service(name), ...(ownPort === undefined ? {} : { spec: { port: ownPort } }) },
      instance(name, `${name}-1`, portAt(backendPorts, 2 * index), { version: 'v1' }),
      instance(name, `${name}-2`, portAt(backendPorts, 2 * index + 1), { version: 'v2' }),
      route(name, [{ version: 'v1', weight: 1 }]),
    ];
  });
}

function portAt(ports: readonly number[], index: number): number {
  const port = ports[index];
  if (port === undefined) throw new RangeError(`${ports.length} backend ports are too few`);
  return port;
}
