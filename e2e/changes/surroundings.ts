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
  /** Ports that services may ask for as their own; the first belongs to the first kept service for good. */
  readonly ownPorts: readonly number[];
}

export const versions = ['v1', 'v2', 'v3'] as const;

/** The mesh that a run starts with: each kept service with two versions and a route to the first. */
export function initialObjects({ keptServices, backendPorts, ownPorts }: Surroundings): MeshObject[] {
  return keptServices.flatMap((name, index): MeshObject[] => {
    const ownPort = index === 0 ? ownPorts[0] : undefined;
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
