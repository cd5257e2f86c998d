import { decodeTokenBucket } from '../token-bucket.ts';
import type { NetworkFilterDecoder } from './network-filter-decoder.ts';
import { isFeatureEnabled } from './shared-state.ts';

const type = 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit';

export const localRateLimitDecoder: NetworkFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, config, path) {
    const message = context.unpack(type, config, path);
    const limits = decodeTokenBucket(context, message?.tokenBucket, `${path}.token_bucket`);
    return {
      kind: 'local-rate-limit',
      config: {
        ...limits,
        statPrefix: message?.statPrefix ?? '',
        isEnabled: isFeatureEnabled(context, message?.runtimeEnabled),
        bucket: context.options.sharedBuckets.bucketOf(message?.shareKey ?? '', limits),
      },
    };
  },
};
