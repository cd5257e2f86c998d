import type { LoadStatsRequest, LoadStatsResponse } from './api.ts';
import { apiMethod, type DiscoveryMethod } from './discovery-method.ts';
import type { XdsApi } from './xds-api.ts';

/** The load reporting service (LRS). An alias, since grpc-js wants an index signature, which interfaces lack. */
export type LoadStatsService = {
  readonly StreamLoadStats: DiscoveryMethod<LoadStatsRequest, LoadStatsResponse>;
};

const messages = 'envoy.service.load_stats.v3';

export function createLoadStatsService(api: XdsApi): LoadStatsService {
  return {
    StreamLoadStats: apiMethod(
      api,
      `${messages}.LoadReportingService`,
      'StreamLoadStats',
      'stream',
      `${messages}.LoadStatsRequest`,
      `${messages}.LoadStatsResponse`,
    ),
  };
}
