import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { unusedAddresses, unusedPort } from '../proxies/proxy.ts';

/** The cluster that requests go to; the others are `cluster-<n>`. */
export const probedCluster = 'probed';
export const clusterName = (index: number): string => `cluster-${index}`;

/** A cluster by EDS; another `maxRequests` is another cluster. */
export function encodeCluster(api: XdsApi, name: string, maxRequests: number): Uint8Array {
  return api.encode('envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    connectTimeout: { seconds: 1 },
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
    circuitBreakers: { thresholds: [{ maxRequests }] },
  });
}

/** Ten endpoints that nobody asks; another `weight` is another assignment. */
export function encodeAssignment(api: XdsApi, index: number, weight: number): Uint8Array {
  const addresses = unusedAddresses(index).map((address) => ({ address, port: unusedPort, weight }));
  return encodeEndpoints(api, clusterName(index), addresses);
}

export function encodeProbed(api: XdsApi, port: number): Uint8Array {
  return encodeEndpoints(api, probedCluster, [{ address: '127.0.0.1', port, weight: 1 }]);
}

function encodeEndpoints(
  api: XdsApi,
  cluster: string,
  endpoints: readonly { readonly address: string; readonly port: number; readonly weight: number }[],
): Uint8Array {
  return api.encode('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    clusterName: cluster,
    endpoints: [
      {
        lbEndpoints: endpoints.map(({ address, port, weight }) => ({
          endpoint: { address: { socketAddress: { address, portValue: port } } },
          loadBalancingWeight: weight,
        })),
      },
    ],
  });
}
