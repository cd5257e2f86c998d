import type { Any, Node, Status } from '@heddle/shared/xds/api';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { StreamRequest } from '../src/xds/xds-stream.ts';
import { api } from '../test/ads-client.ts';

export type Variant = 'sotw' | 'delta';

/** A response of either variant, as a client reads it. */
export interface ModelResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly bytes: string }[];
  /** Delta only. */
  readonly removed: readonly string[];
}

export function readResponse(variant: Variant, bytes: Buffer): ModelResponse {
  if (variant === 'sotw') {
    const { typeUrl, nonce, versionInfo, resources } = api.decode(
      'envoy.service.discovery.v3.DiscoveryResponse',
      bytes,
    );
    return {
      typeUrl,
      nonce,
      version: versionInfo,
      resources: resources.map((any) => ({ name: nameOf(any), version: '', bytes: textOf(any.value) })),
      removed: [],
    };
  }
  const response = api.decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
  return {
    typeUrl: response.typeUrl,
    nonce: response.nonce,
    version: response.systemVersionInfo,
    resources: response.resources.map(({ name, version, resource }) => ({
      name,
      version,
      bytes: textOf(resource?.value ?? new Uint8Array(0)),
    })),
    removed: response.removedResources,
  };
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

function nameOf({ typeUrl, value }: Any): string {
  switch (typeUrl) {
    case typeUrls.cluster:
      return api.decode('envoy.config.cluster.v3.Cluster', value).name;
    case typeUrls.clusterLoadAssignment:
      return api.decode('envoy.config.endpoint.v3.ClusterLoadAssignment', value).clusterName;
    case typeUrls.listener:
      return api.decode('envoy.config.listener.v3.Listener', value).name;
    default:
      return api.decode('envoy.config.route.v3.RouteConfiguration', value).name;
  }
}

export const modelNode: Node = api.create('envoy.config.core.v3.Node', { id: 'model', cluster: 'fuzz' });

const refusal: Status = api.create('google.rpc.Status', { code: 3, message: 'the model refuses it' });

/** What a request says beside its type. */
export interface RequestParts {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly isRefusal: boolean;
  readonly names: StreamRequest['names'];
}

export function buildRequest({ typeUrl, nonce, isRefusal, names }: RequestParts): StreamRequest {
  return {
    node: modelNode,
    typeUrl,
    responseNonce: nonce,
    names,
    ...(isRefusal ? { errorDetail: refusal } : {}),
  };
}
