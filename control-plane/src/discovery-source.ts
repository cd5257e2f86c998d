import { fromProtoJson, toProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { DiscoverySource } from './rest/discovery.ts';
import { describeClients } from './xds/client-status.ts';
import type { DiscoveryFetch } from './xds/discovery-fetch.ts';
import type { NodeStatusBoard } from './xds/node-status.ts';

/** What the REST API asks the xDS server. */
export function createDiscoverySource(
  api: XdsApi,
  fetch: DiscoveryFetch,
  nodes: NodeStatusBoard,
): DiscoverySource {
  return {
    poll(typeUrl, json) {
      const request = fromProtoJson(api, 'envoy.service.discovery.v3.DiscoveryRequest', json ?? {});
      const { response, isNews } = fetch.answer(typeUrl, request);
      if (!isNews) return undefined;
      const typeName = 'envoy.service.discovery.v3.DiscoveryResponse';
      return toProtoJson(api, typeName, api.create(typeName, response));
    },
    clientStatus(json) {
      const request = fromProtoJson(api, 'envoy.service.status.v3.ClientStatusRequest', json ?? {});
      const typeName = 'envoy.service.status.v3.ClientStatusResponse';
      return toProtoJson(api, typeName, api.create(typeName, describeClients(nodes, request)));
    },
  };
}
