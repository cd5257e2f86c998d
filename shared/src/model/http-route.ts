import { Type, type Static } from '@sinclair/typebox';
import { durationSchema, durationMs } from './duration.ts';
import { hostnameSchema, nameSchema } from './field-formats.ts';
import { HttpRouteFilterSchema } from './http-route-filter.ts';
import { HttpRouteMatchSchema } from './http-route-match.ts';
import { closedObject, withCheck, type CheckedProblem } from './schema.ts';

/** Weight of a backendRef that names none. */
export const defaultBackendWeight = 1;

export const ServiceRefSchema = closedObject({
  kind: Type.Optional(Type.Literal('Service', { default: 'Service' })),
  name: nameSchema('Name of a service.'),
});

export const BackendRefSchema = closedObject({
  kind: Type.Optional(Type.Literal('Service', { default: 'Service' })),
  name: nameSchema('Name of the service that answers.'),
  weight: Type.Optional(
    Type.Integer({
      description: 'Share of the requests.',
      minimum: 0,
      maximum: 1_000_000,
      default: defaultBackendWeight,
    }),
  ),
  version: Type.Optional(
    Type.String({ description: 'Only instances of this version.', minLength: 1, maxLength: 63 }),
  ),
});

export const HttpRouteRetrySchema = closedObject(
  {
    codes: Type.Optional(
      Type.Array(Type.Integer({ minimum: 400, maximum: 599 }), {
        description: 'Answers that are tried again; connection failures and resets always are.',
        maxItems: 32,
      }),
    ),
    attempts: Type.Optional(
      Type.Integer({
        description: 'Retries, not counting the first try.',
        minimum: 1,
        maximum: 25,
        default: 1,
      }),
    ),
    backoff: Type.Optional(durationSchema('Pause before the first retry; grows with each.')),
  },
  { description: 'GEP-1731.' },
);

export const HttpRouteRuleSchema = withCheck(
  closedObject({
    name: Type.Optional(nameSchema('Name of the rule, for people.')),
    matches: Type.Optional(
      Type.Array(HttpRouteMatchSchema, {
        description: 'One of them must hold; none given takes all.',
        maxItems: 64,
      }),
    ),
    filters: Type.Optional(Type.Array(HttpRouteFilterSchema, { maxItems: 16 })),
    backendRefs: Type.Optional(Type.Array(BackendRefSchema, { maxItems: 64 })),
    timeouts: Type.Optional(
      withCheck(
        closedObject({
          request: Type.Optional(
            durationSchema('Whole request with all retries; "0s" is no limit.', { allowZero: true }),
          ),
          backendRequest: Type.Optional(durationSchema('One try; "0s" is no limit.', { allowZero: true })),
        }),
        ({ request, backendRequest }) => {
          if (request === undefined || backendRequest === undefined || durationMs(request) === 0)
            return undefined;
          if (durationMs(backendRequest) <= durationMs(request)) return undefined;
          return [{ path: '/backendRequest', message: `must not be longer than request (${request})` }];
        },
      ),
    ),
    retry: Type.Optional(HttpRouteRetrySchema),
  }),
  (rule) => {
    const problems: CheckedProblem[] = [];
    const filterTypes = (rule.filters ?? []).map((filter) => filter.type);
    filterTypes.forEach((type, index) => {
      if (filterTypes.indexOf(type) !== index)
        problems.push({ path: `/filters/${index}`, message: `a second ${type}` });
    });
    const isRedirect = filterTypes.includes('RequestRedirect');
    if (isRedirect && filterTypes.includes('URLRewrite')) {
      problems.push({ path: '/filters', message: 'RequestRedirect and URLRewrite exclude each other' });
    }
    problems.push(...backendProblems(rule.backendRefs ?? [], isRedirect), ...prefixProblems(rule));
    return problems;
  },
);

function backendProblems(backendRefs: readonly BackendRef[], isRedirect: boolean): CheckedProblem[] {
  if (isRedirect) {
    return backendRefs.length === 0
      ? []
      : [{ path: '/backendRefs', message: 'a rule that redirects has no backends' }];
  }
  if (backendRefs.length === 0)
    return [{ path: '/backendRefs', message: 'at least one backend, or a RequestRedirect' }];
  const totalWeight = backendRefs.reduce((sum, ref) => sum + (ref.weight ?? defaultBackendWeight), 0);
  return totalWeight > 0
    ? []
    : [{ path: '/backendRefs', message: 'at least one backend needs a weight above 0' }];
}

/** A prefix can only be replaced where a prefix was matched. */
function prefixProblems(rule: {
  readonly matches?: readonly Static<typeof HttpRouteMatchSchema>[];
  readonly filters?: readonly Static<typeof HttpRouteFilterSchema>[];
}): CheckedProblem[] {
  const isPrefixOnly = (rule.matches ?? []).every(
    (match) => (match.path?.type ?? 'PathPrefix') === 'PathPrefix',
  );
  if (isPrefixOnly) return [];
  return (rule.filters ?? []).flatMap((filter, index) =>
    (filter.urlRewrite?.path ?? filter.requestRedirect?.path)?.type === 'ReplacePrefixMatch'
      ? [
          {
            path: `/filters/${index}`,
            message: 'ReplacePrefixMatch needs matches with a path of type PathPrefix',
          },
        ]
      : [],
  );
}

export const HttpRouteSpecSchema = closedObject(
  {
    parentRefs: Type.Array(ServiceRefSchema, {
      description: 'The services whose clients the route governs.',
      minItems: 1,
      maxItems: 32,
    }),
    hostnames: Type.Optional(
      Type.Array(hostnameSchema('Host name, or "*." and one.', { allowWildcard: true }), {
        description: "Host names that the route takes; without any, the parent services' own names.",
        maxItems: 64,
      }),
    ),
    rules: Type.Array(HttpRouteRuleSchema, { minItems: 1, maxItems: 128 }),
  },
  { description: 'How requests to the parent services are matched, changed and shared out.' },
);

export const HttpRouteSchema = closedObject(
  {
    apiVersion: Type.Optional(Type.Literal('gateway.networking.k8s.io/v1')),
    kind: Type.Literal('HTTPRoute'),
    metadata: closedObject({ name: nameSchema('Name of the route.') }),
    spec: HttpRouteSpecSchema,
  },
  {
    title: 'HTTPRoute',
    description: 'The HTTPRoute of the Gateway API v1, with services of the mesh as parents.',
  },
);

export type ServiceRef = Static<typeof ServiceRefSchema>;
export type BackendRef = Static<typeof BackendRefSchema>;
export type HttpRouteRetry = Static<typeof HttpRouteRetrySchema>;
export type HttpRouteRule = Static<typeof HttpRouteRuleSchema>;
export type HttpRouteSpec = Static<typeof HttpRouteSpecSchema>;
export type HttpRoute = Static<typeof HttpRouteSchema>;
