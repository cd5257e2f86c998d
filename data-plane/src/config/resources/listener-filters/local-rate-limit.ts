import type { Any } from '@heddle/shared/xds/api';
import type { ListenerRateLimit } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';
import { isFeatureEnabled } from '../network-filters/shared-state.ts';
import { createBucket, decodeTokenBucket } from '../token-bucket.ts';

export const localRateLimitType = 'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit';

export function decodeLocalRateLimit(context: DecodeContext, any: Any, path: string): ListenerRateLimit {
  const message = context.unpack(localRateLimitType, any, path);
  return {
    kind: 'local-rate-limit',
    statPrefix: message?.statPrefix ?? '',
    isEnabled: isFeatureEnabled(context, message?.runtimeEnabled),
    ...decodeTokenBucket(context, message?.tokenBucket, `${path}.token_bucket`),
    bucket: createBucket(),
  };
}
