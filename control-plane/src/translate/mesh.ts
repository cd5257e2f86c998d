import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Instance } from '@heddle/shared/model/instance';
import type { Policy, PolicySpec } from '@heddle/shared/model/policy';
import type { Secret } from '@heddle/shared/model/secret';
import type { Service, ServiceProtocol } from '@heddle/shared/model/service';

/**
 * Everything that is translated, by name. Immutable: a change makes a new map along the way to what changed
 * and keeps the rest, so that identity tells what a resource's inputs are still the same.
 */
export interface Mesh {
  readonly services: ReadonlyMap<string, Service>;
  /** Service → id → instance. A service without instances may be missing. */
  readonly instances: ReadonlyMap<string, ReadonlyMap<string, Instance>>;
  readonly routes: ReadonlyMap<string, HttpRoute>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Service → the policies that target it, ordered by name. */
  readonly policies: ReadonlyMap<string, readonly Policy[]>;
}

export const emptyMesh: Mesh = {
  services: new Map(),
  instances: new Map(),
  routes: new Map(),
  secrets: new Map(),
  policies: new Map(),
};

export function protocolOf(service: Service): ServiceProtocol {
  return service.spec?.protocol ?? 'http';
}

/** Policies of one service never set the same part, so their order does not matter. */
export function mergePolicies(policies: readonly Policy[]): Partial<PolicySpec> {
  return Object.assign({}, ...policies.map((policy) => policy.spec)) as Partial<PolicySpec>;
}
