import type { ConfigSource } from '@heddle/shared/xds/api';
import type { DecodeContext } from './decode-context.ts';
import { toMsOr } from './scalars.ts';

/** Envoy's time for the first answer to a subscription. */
export const defaultInitialFetchTimeoutMs = 15_000;

/** `initial_fetch_timeout` of a source, 0 = wait for ever. The source itself is ADS: the support table takes no other. */
export function decodeInitialFetchTimeoutMs(
  context: DecodeContext,
  source: ConfigSource | undefined,
  path: string,
): number {
  if (source === undefined) {
    context.refuse(path, 'is missing');
    return defaultInitialFetchTimeoutMs;
  }
  return toMsOr(source.initialFetchTimeout, defaultInitialFetchTimeoutMs);
}
