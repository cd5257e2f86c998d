import type { Stage } from '../stage.ts';
import type { HttpWrite } from '../sidecars/http-write.ts';

/** The mesh of the control-plane scenarios: so many services with so many instances each. */
export interface MeshSize {
  readonly services: number;
  readonly instances: number;
}

export const meshSize: MeshSize = { services: 1000, instances: 10 };

/** A control plane under test: delta ADS on one port, changes over HTTP on another. */
export interface ControlPlane {
  readonly name: string;
  /** Starts it on its core and fills it with the mesh; resolves when it is idle. */
  start(stage: Stage, folder: string): Promise<StartedControlPlane>;
}

export interface StartedControlPlane {
  readonly name: string;
  readonly pid: number;
  readonly xdsPort: number;
  /** Gives the first instance of a service another weight: one endpoint resource changes. */
  writeWeight(service: number, weight: number): HttpWrite;
  stop(): Promise<void>;
}

export function serviceName(service: number): string {
  return `service-${service}`;
}

export function instanceAddress(service: number, instance: number): string {
  return `10.${service >> 8}.${service & 255}.${instance + 1}`;
}
