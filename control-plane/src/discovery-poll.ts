import { fromProtoJson, toProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { DiscoveryPoll } from './rest/discovery.ts';
import type { DiscoveryFetch } from './xds/discovery-fetch.ts';

/** Polls of the REST API, answered by the xDS server. */
export function createDiscoveryPoll(api: XdsApi, fetch: DiscoveryFetch): DiscoveryPoll {
  return (typeUrl, json) => {
    const request = fromProtoJson(api, 'envoy.service.discovery.v3.DiscoveryRequest', json ?? {});
    const { response, isNews } = fetch.answer(typeUrl, request);
    if (!isNews) return undefined;
    const typeName = 'envoy.service.discovery.v3.DiscoveryResponse';
    return toProtoJson(api, typeName, api.create(typeName, response));
  };
}
