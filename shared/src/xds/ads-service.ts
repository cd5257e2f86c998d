import { deltaMethod, sotwMethod, type DeltaMethod, type SotwMethod } from './discovery-method.ts';
import type { XdsApi } from './xds-api.ts';

/**
 * The two variants of the aggregated discovery service. Both stream in both directions.
 * An alias, since grpc-js wants an index signature, which interfaces lack.
 */
export type AdsService = {
  readonly StreamAggregatedResources: SotwMethod;
  readonly DeltaAggregatedResources: DeltaMethod;
};

const service = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

/** Definition for `Server.addService` and for `makeGenericClientConstructor` (or `Client.makeBidiStreamRequest`). */
export function createAdsService(api: XdsApi): AdsService {
  return {
    StreamAggregatedResources: sotwMethod(api, service, 'StreamAggregatedResources'),
    DeltaAggregatedResources: deltaMethod(api, service, 'DeltaAggregatedResources'),
  };
}
