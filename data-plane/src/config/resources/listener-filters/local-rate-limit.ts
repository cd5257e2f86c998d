import type { Any } from '@heddle/shared/xds/api';
import type { ListenerRateLimit } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';
import { isFeatureEnabled } from '../network-filters/shared-state.ts';
import { toMsOr } from '../scalars.ts';

export const localRateLimitType = 'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit';
/** The time of one bucket's state. */
const bucketBytes = 8;
/** Envoy's least. */
const minFillIntervalMs = 50;

export function decodeLocalRateLimit(context: DecodeContext, any: Any, path: string): ListenerRateLimit {
  const message = context.unpack(localRateLimitType, any, path);
  const bucket = message?.tokenBucket;
  const fillIntervalMs = toMsOr(bucket?.fillInterval, 0);
  if (message !== undefined && fillIntervalMs < minFillIntervalMs) {
    context.refuse(`${path}.token_bucket.fill_interval`, `must not be below ${minFillIntervalMs} ms`);
  }
  return {
    kind: 'local-rate-limit',
    statPrefix: message?.statPrefix ?? '',
    isEnabled: isFeatureEnabled(context, message?.runtimeEnabled),
    maxTokens: bucket?.maxTokens ?? 0,
    tokensPerFill: bucket?.tokensPerFill ?? 1,
    fillIntervalMs,
    bucket: new SharedArrayBuffer(bucketBytes),
  };
}
