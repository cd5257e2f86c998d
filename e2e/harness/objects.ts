import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Instance, InstanceSpec } from '@heddle/shared/model/instance';
import type { HealthCheck, Policy, PolicySpec } from '@heddle/shared/model/policy';
import type { Service } from '@heddle/shared/model/service';

/** Mesh objects in as few words as scenarios need. */
export function service(name: string): Service {
  return { kind: 'Service', metadata: { name } };
}

export function instance(
  ofService: string,
  id: string,
  port: number,
  spec: Partial<InstanceSpec> = {},
): Instance {
  return {
    kind: 'Instance',
    metadata: { name: id, service: ofService },
    spec: { address: '127.0.0.1', port, ...spec },
  };
}

export interface Split {
  readonly version: string;
  readonly weight: number;
}

/** The route of a service: all to it, or split over its versions; retries are off unless asked for. */
export function route(ofService: string, splits: readonly Split[] = [], retryAttempts = 0): HttpRoute {
  return {
    kind: 'HTTPRoute',
    metadata: { name: ofService },
    spec: {
      parentRefs: [{ name: ofService }],
      rules: [
        {
          backendRefs:
            splits.length === 0
              ? [{ name: ofService }]
              : splits.map((split) => ({ name: ofService, ...split })),
          ...(retryAttempts === 0
            ? {}
            : { retry: { attempts: retryAttempts, codes: [502, 503], backoff: '10ms' } }),
        },
      ],
    },
  };
}

export function policy(ofService: string, spec: Omit<PolicySpec, 'targetRef'>): Policy {
  return { kind: 'Policy', metadata: { name: ofService }, spec: { targetRef: { name: ofService }, ...spec } };
}

/** Fast, so that scenarios are; one check decides in either direction. */
export const quickHealthCheck: HealthCheck = {
  http: { path: '/healthz' },
  interval: '100ms',
  timeout: '1s',
  healthyThreshold: 1,
  unhealthyThreshold: 1,
};
