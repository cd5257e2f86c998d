import { durationMs } from '@heddle/shared/model/duration';
import type { HttpRouteRetry, HttpRouteRule } from '@heddle/shared/model/http-route';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';
import type { Duration, RetryPolicy, RouteAction } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import { extension, toDuration } from './message-parts.ts';
import { buildPathRewrite } from './path-rewrite.ts';
import type { Mesh } from './mesh.ts';
import { clusterName, targetOfBackend } from './resource-names.ts';
import { filterOf } from './route-filters.ts';
import { weightsOfSplit } from './split-fallback.ts';

/** As in Envoy's own documentation for previous_hosts. */
const hostSelectionAttempts = 5;

/**
 * Where a rule sends its requests. `defaultTimeout` is what the policy of the called service says; without
 * either, Envoy's 15 s hold.
 */
export function buildRouteAction(
  api: XdsApi,
  mesh: Mesh,
  rule: HttpRouteRule,
  match: HttpRouteMatch,
  defaultTimeout: string | undefined,
): MessageInit<RouteAction> {
  const rewrite = filterOf(rule.filters, 'urlRewrite');
  return {
    ...clusterSpecifier(mesh, rule),
    ...(rewrite?.path === undefined ? {} : buildPathRewrite(rewrite.path, match)),
    hostRewriteLiteral: rewrite?.hostname,
    timeout: timeoutOf(rule, defaultTimeout),
    retryPolicy:
      rule.retry === undefined ? undefined : buildRetryPolicy(api, rule.retry, rule.timeouts?.backendRequest),
  };
}

export function clusterSpecifier(mesh: Mesh, { backendRefs = [] }: HttpRouteRule): MessageInit<RouteAction> {
  const [only, ...others] = backendRefs;
  if (only !== undefined && others.length === 0) return { cluster: clusterName(targetOfBackend(only)) };
  const weights = weightsOfSplit(mesh, backendRefs);
  return {
    weightedClusters: {
      clusters: backendRefs.map((ref, index) => ({
        name: clusterName(targetOfBackend(ref)),
        weight: weights[index] ?? 0,
      })),
    },
  };
}

/** Without retries there is one try, so the tighter of the two limits is the request's. */
export function timeoutOf(
  { timeouts, retry }: HttpRouteRule,
  defaultTimeout: string | undefined,
): MessageInit<Duration> | undefined {
  const limits = [
    timeouts?.request ?? defaultTimeout,
    retry === undefined ? timeouts?.backendRequest : undefined,
  ]
    .filter((limit) => limit !== undefined)
    .map(durationMs);
  if (limits.length === 0) return undefined;
  const finite = limits.filter((ms) => ms > 0);
  return fromMs(finite.length === 0 ? 0 : Math.min(...finite));
}

function buildRetryPolicy(
  api: XdsApi,
  retry: HttpRouteRetry,
  backendRequest: string | undefined,
): MessageInit<RetryPolicy> {
  const codes = retry.codes ?? [];
  const conditions = ['connect-failure', 'refused-stream', 'reset'];
  if (codes.length > 0) conditions.push('retriable-status-codes');
  return {
    retryOn: conditions.join(','),
    numRetries: retry.attempts ?? 1,
    retriableStatusCodes: codes,
    perTryTimeout: backendRequest === undefined ? undefined : toDuration(backendRequest),
    retryBackOff: retry.backoff === undefined ? undefined : { baseInterval: toDuration(retry.backoff) },
    retryHostPredicate: [
      extension(
        api,
        'envoy.retry_host_predicates.previous_hosts',
        'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
        {},
      ),
    ],
    hostSelectionRetryMaxAttempts: hostSelectionAttempts,
  };
}
