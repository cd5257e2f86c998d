import type { ServerCredentials } from '@grpc/grpc-js';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@heddle/shared/xds/api';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { ManagementServer, type ServerStream } from '../../src/config/ads/testing/management-server.ts';
import type { ResourceType } from '../../src/config/resources/resource-type.ts';
import { encodeYaml } from '../../src/config/resources/testing/decode-yaml.ts';
import type { Json } from './bootstrap-parts.ts';

/** A control plane that sends what a scenario says, when it says so. */
export class XdsPusher {
  readonly server: ManagementServer;
  #stream: ServerStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> | undefined;
  #nonceCount = 0;

  constructor(credentials?: ServerCredentials) {
    this.server = new ManagementServer(loadApi(), credentials);
  }

  /** The next stream of the sidecar; what is pushed goes there from now on. */
  async connected(): Promise<void> {
    this.#stream = await this.server.nextDeltaStream();
  }

  /** The proxy has asked for a resource, or for all; what comes before that it would not look at. */
  async asked({ typeUrl }: ResourceType<unknown>, name?: string): Promise<void> {
    for (let index = 0; ; index++) {
      const request = await this.#stream?.request(index);
      if (request?.typeUrl !== typeUrl) continue;
      if (name === undefined || request.resourceNamesSubscribe.includes(name)) return;
    }
  }

  /** Returns its nonce. */
  push(
    type: ResourceType<unknown>,
    resources: Readonly<Record<string, Json>>,
    removedResources: readonly string[] = [],
  ): string {
    this.#nonceCount++;
    const version = `v${this.#nonceCount}`;
    const { typeUrl } = type;
    this.#stream?.respond({
      systemVersionInfo: version,
      nonce: version,
      typeUrl,
      controlPlane: { identifier: 'scenario' },
      removedResources,
      resources: Object.entries(resources).map(([name, json]) => ({
        name,
        version,
        resource: { typeUrl, value: encodeYaml(type, JSON.stringify(json)) },
      })),
    });
    return version;
  }

  /** What the proxy says to a push, by its nonce: undefined, or why it refuses it. */
  async refusalOf(nonce: string): Promise<string | undefined> {
    for (let index = 0; ; index++) {
      const request = await this.#stream?.request(index);
      if (request?.responseNonce === nonce) return request.errorDetail?.message;
    }
  }
}

/** The part of a bootstrap that asks this control plane for clusters and listeners. */
export function dynamicResources(port: number, ads: Json = {}, clusterFields: Json = {}): Json {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0.3s' };
  return {
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
        ...ads,
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          ...clusterFields,
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}
