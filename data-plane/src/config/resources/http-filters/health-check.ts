import type { HeaderMatcher } from '../../model/matcher.ts';
import type { HttpFilterDecoder } from '../http-filter-decoder.ts';
import { decodeHeaderMatcher } from '../matchers.ts';
import { toMsOr } from '../scalars.ts';

const type = 'envoy.extensions.filters.http.health_check.v3.HealthCheck';

export interface HealthCheckFilterConfig {
  readonly passThroughMode: boolean;
  /** 0 = answers are not cached. */
  readonly cacheTimeMs: number;
  /** All have to match. */
  readonly headers: readonly HeaderMatcher[];
  /** Cluster → percent of its hosts that have to be healthy. */
  readonly clusterMinHealthyPercentages: Readonly<Record<string, number>>;
}

/** Answers health checks of others on behalf of this proxy. */
export const healthCheckDecoder: HttpFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, any, path): HealthCheckFilterConfig | undefined {
    const message = context.unpack(type, any, path);
    if (message === undefined) return undefined;
    const passThroughMode = message.passThroughMode ?? false;
    if (message.cacheTime !== undefined && !passThroughMode) {
      context.refuse(`${path}.cache_time`, 'needs pass_through_mode');
    }
    return {
      passThroughMode,
      cacheTimeMs: toMsOr(message.cacheTime, 0),
      headers: message.headers.map((header, i) =>
        decodeHeaderMatcher(context, header, `${path}.headers[${i}]`),
      ),
      clusterMinHealthyPercentages: Object.fromEntries(
        Object.entries(message.clusterMinHealthyPercentages).map(([name, percent]) => [name, percent.value]),
      ),
    };
  },
};
