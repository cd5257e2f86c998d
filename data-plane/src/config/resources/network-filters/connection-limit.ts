import { toMsOr } from '../scalars.ts';
import type { NetworkFilterDecoder } from './network-filter-decoder.ts';
import { isFeatureEnabled, maxWorkerCount } from './shared-state.ts';

const type = 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit';

export const connectionLimitDecoder: NetworkFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, config, path) {
    const message = context.unpack(type, config, path);
    return {
      kind: 'connection-limit',
      config: {
        statPrefix: message?.statPrefix ?? '',
        maxConnections: message?.maxConnections ?? 0,
        delayMs: toMsOr(message?.delay, 0),
        isEnabled: isFeatureEnabled(context, message?.runtimeEnabled),
        counts: new SharedArrayBuffer(maxWorkerCount * Int32Array.BYTES_PER_ELEMENT),
      },
    };
  },
};
