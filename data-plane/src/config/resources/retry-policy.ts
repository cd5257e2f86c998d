import { suggestion } from '@heddle/shared/model/did-you-mean';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { RetryPolicy as RetryPolicyMessage } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { RetryCondition, RetryPolicy } from '../model/route.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeHeaderMatcher } from './matchers.ts';
import { toMsOr } from './scalars.ts';

const conditions: readonly RetryCondition[] = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

const defaultBackOffBaseMs = 25;
/** Envoy's maximum where none is given, in multiples of the base. */
const defaultBackOffFactor = 10;

const predicates = [
  {
    type: 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
    name: 'envoy.retry_host_predicates.previous_hosts',
  },
  {
    type: 'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
    name: 'envoy.retry_host_predicates.omit_canary_hosts',
  },
] as const;

export function decodeRetryPolicy(
  context: DecodeContext,
  message: RetryPolicyMessage,
  path: string,
): RetryPolicy {
  const used = decodePredicates(context, message, path);
  return {
    retryOn: decodeConditions(context, message.retryOn, `${path}.retry_on`),
    numRetries: message.numRetries ?? 1,
    perTryTimeoutMs: toMsOr(message.perTryTimeout, 0),
    perTryIdleTimeoutMs: toMsOr(message.perTryIdleTimeout, 0),
    retriableStatusCodes: message.retriableStatusCodes,
    retriableHeaders: message.retriableHeaders.map((header, i) =>
      decodeHeaderMatcher(context, header, `${path}.retriable_headers[${i}]`),
    ),
    retriableRequestHeaders: message.retriableRequestHeaders.map((header, i) =>
      decodeHeaderMatcher(context, header, `${path}.retriable_request_headers[${i}]`),
    ),
    ...decodeBackOff(context, message, path),
    avoidPreviousHosts: used.has(predicates[0].type),
    omitCanaryHosts: used.has(predicates[1].type),
    hostSelectionRetryMaxAttempts: message.hostSelectionRetryMaxAttempts || 1,
  };
}

function decodeConditions(context: DecodeContext, text: string, path: string): RetryCondition[] {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return words.flatMap((word) => {
    const known = conditions.find((condition) => condition === word);
    // Envoy passes over what it does not know here, so that one policy can serve several versions.
    if (known === undefined)
      context.ignore(path, `there is no condition ${JSON.stringify(word)}${suggestion(word, conditions)}`);
    return known ?? [];
  });
}

function decodeBackOff(
  context: DecodeContext,
  { retryBackOff }: RetryPolicyMessage,
  path: string,
): Pick<RetryPolicy, 'backOffBaseMs' | 'backOffMaxMs'> {
  const base = retryBackOff?.baseInterval;
  // Shorter than a millisecond counts as one, as in Envoy.
  const backOffBaseMs = Math.max(1, Math.floor(base === undefined ? defaultBackOffBaseMs : toMs(base)));
  const max = retryBackOff?.maxInterval;
  const backOffMaxMs =
    max === undefined ? backOffBaseMs * defaultBackOffFactor : Math.max(1, Math.floor(toMs(max)));
  if (backOffMaxMs < backOffBaseMs) {
    context.refuse(`${path}.retry_back_off.max_interval`, 'must not be less than base_interval');
  }
  return { backOffBaseMs, backOffMaxMs };
}

function decodePredicates(context: DecodeContext, message: RetryPolicyMessage, path: string): Set<string> {
  const used = new Set<string>();
  for (const [i, { name, typedConfig }] of message.retryHostPredicate.entries()) {
    const predicatePath = `${path}.retry_host_predicate[${i}]`;
    const known = predicates.find((row) =>
      typedConfig === undefined ? row.name === name : row.type === toTypeName(typedConfig.typeUrl),
    );
    if (known === undefined) {
      context.refuseType(
        typedConfig,
        name,
        predicatePath,
        predicates.map((row) => row.type),
      );
      continue;
    }
    if (typedConfig !== undefined) context.unpack(known.type, typedConfig, `${predicatePath}.typed_config`);
    used.add(known.type);
  }
  return used;
}
