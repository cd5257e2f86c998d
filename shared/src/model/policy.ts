import { Type, type Static } from '@sinclair/typebox';
import { durationSchema } from './duration.ts';
import { hostnameSchema, nameSchema, pathProblem } from './field-formats.ts';
import { ServiceRefSchema } from './http-route.ts';
import { closedObject, oneOf, withCheck } from './schema.ts';

const maxUint32 = 4_294_967_295;

export const LoadBalancerSchema = withCheck(
  closedObject(
    {
      policy: oneOf(['roundRobin', 'leastRequest', 'random'], 'How an instance is picked.', 'roundRobin'),
      choiceCount: Type.Optional(
        Type.Integer({
          description: 'leastRequest: how many hosts are compared.',
          minimum: 2,
          maximum: 100,
          default: 2,
        }),
      ),
    },
    { description: 'Weighted round robin, least request of a few random choices, or random.' },
  ),
  ({ policy, choiceCount }) =>
    choiceCount !== undefined && policy !== 'leastRequest'
      ? [{ path: '/choiceCount', message: `does not go with policy ${policy}` }]
      : undefined,
);

export const HealthCheckSchema = withCheck(
  closedObject(
    {
      http: Type.Optional(
        closedObject({
          path: withCheck(Type.String({ minLength: 1, maxLength: 1024 }), pathProblem),
          host: Type.Optional(hostnameSchema('Host header of the check.', { allowWildcard: false })),
          expectedStatuses: Type.Optional(
            Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), {
              description: 'Statuses that pass; without any, 200.',
              minItems: 1,
              maxItems: 64,
            }),
          ),
        }),
      ),
      tcp: Type.Optional(closedObject({}, { description: 'Passes when a connection opens.' })),
      interval: Type.Optional(durationSchema('Pause between checks; 5s unless given.')),
      timeout: Type.Optional(durationSchema('Limit of one check; 2s unless given.')),
      healthyThreshold: Type.Optional(
        Type.Integer({ description: 'Passes until healthy.', minimum: 1, maximum: 1000, default: 1 }),
      ),
      unhealthyThreshold: Type.Optional(
        Type.Integer({ description: 'Failures until unhealthy.', minimum: 1, maximum: 1000, default: 3 }),
      ),
    },
    { description: 'Active health check: http or tcp.' },
  ),
  ({ http, tcp }) => {
    if ((http === undefined) !== (tcp === undefined)) return undefined;
    return http === undefined ? 'one of http and tcp is required' : 'http and tcp exclude each other';
  },
);

const limit = (description: string, defaultLimit: number) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: maxUint32, default: defaultLimit }));

export const CircuitBreakerSchema = closedObject(
  {
    maxConnections: limit('Connections to the service.', 1024),
    maxPendingRequests: limit('Requests that wait for a connection.', 1024),
    maxRequests: limit('Requests in flight.', 1024),
    maxRetries: limit('Retries in flight.', 3),
  },
  { description: 'Limits of each proxy towards the service, as in Envoy.' },
);

export const PolicyTimeoutsSchema = closedObject({
  connect: Type.Optional(durationSchema('Until a connection is open.')),
  request: Type.Optional(
    durationSchema('Whole request, where its route sets none; "0s" is no limit.', { allowZero: true }),
  ),
  idle: Type.Optional(
    durationSchema('Until an unused connection is closed; "0s" is no limit.', { allowZero: true }),
  ),
});

export const PolicySpecSchema = withCheck(
  closedObject({
    targetRef: ServiceRefSchema,
    loadBalancer: Type.Optional(LoadBalancerSchema),
    healthCheck: Type.Optional(HealthCheckSchema),
    circuitBreaker: Type.Optional(CircuitBreakerSchema),
    timeouts: Type.Optional(PolicyTimeoutsSchema),
  }),
  (spec) =>
    policySections.some((section) => spec[section] !== undefined)
      ? undefined
      : `at least one of ${policySections.join(', ')} is required`,
);

export const PolicySchema = closedObject(
  {
    kind: Type.Literal('Policy'),
    metadata: closedObject({ name: nameSchema('Name of the policy.') }),
    spec: PolicySpecSchema,
  },
  { title: 'Policy', description: 'How proxies treat the instances of one service.' },
);

/** The parts of a policy. Two policies of one service must not both set the same part. */
export const policySections = ['loadBalancer', 'healthCheck', 'circuitBreaker', 'timeouts'] as const;

export type PolicySpec = Static<typeof PolicySpecSchema>;
export type Policy = Static<typeof PolicySchema>;
export type HealthCheck = Static<typeof HealthCheckSchema>;
export type CircuitBreaker = Static<typeof CircuitBreakerSchema>;
