import type { Any, DiscoveryResponse, Resource } from '@heddle/shared/xds/api';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { toMs } from '@heddle/shared/xds/milliseconds';

/** A response of either variant. */
export interface IncomingResponse {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly IncomingResource[];
  /** Delta only. */
  readonly removed: readonly string[];
  /** What the server calls itself; empty if it does not say. */
  readonly controlPlane: string;
  readonly variant: 'sotw' | 'delta';
}

export interface IncomingResource {
  /** undefined: only its content says it (state of the world without a wrapper). */
  readonly name: string | undefined;
  readonly version: string;
  readonly typeUrl: string;
  /** undefined: no content. With the version that the proxy has it is a heartbeat. */
  readonly bytes: Uint8Array | undefined;
  /** Time to live; undefined = for ever. */
  readonly ttlMs: number | undefined;
  /** Why its wrapper cannot be opened; then nobody knows its name. */
  readonly unreadable?: string;
}

/** In state of the world a server may wrap resources to give them a name and a time to live. */
const wrapperTypeUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

export function readSotwResponse(api: XdsApi, bytes: Uint8Array): IncomingResponse {
  return fromSotwResponse(api, api.decode('envoy.service.discovery.v3.DiscoveryResponse', bytes));
}

export function fromSotwResponse(api: XdsApi, response: DiscoveryResponse): IncomingResponse {
  return {
    variant: 'sotw',
    typeUrl: response.typeUrl,
    version: response.versionInfo,
    nonce: response.nonce,
    controlPlane: response.controlPlane?.identifier ?? '',
    resources: response.resources.map((any) =>
      any.typeUrl === wrapperTypeUrl && response.typeUrl !== wrapperTypeUrl
        ? readWrapper(api, any, response)
        : {
            name: undefined,
            version: response.versionInfo,
            typeUrl: any.typeUrl,
            bytes: any.value,
            ttlMs: undefined,
          },
    ),
    removed: [],
  };
}

export function readDeltaResponse(api: XdsApi, bytes: Uint8Array): IncomingResponse {
  const response = api.decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
  return {
    variant: 'delta',
    typeUrl: response.typeUrl,
    version: response.systemVersionInfo,
    nonce: response.nonce,
    controlPlane: response.controlPlane?.identifier ?? '',
    resources: response.resources.map((resource) =>
      fromResource(resource, resource.version, response.typeUrl),
    ),
    removed: response.removedResources,
  };
}

function readWrapper(api: XdsApi, any: Any, { versionInfo, typeUrl }: DiscoveryResponse): IncomingResource {
  try {
    return fromResource(api.decode('envoy.service.discovery.v3.Resource', any.value), versionInfo, typeUrl);
  } catch (thrown) {
    const unreadable = messageOf(thrown);
    return { name: undefined, version: versionInfo, typeUrl, bytes: undefined, ttlMs: undefined, unreadable };
  }
}

function fromResource(resource: Resource, version: string, typeUrl: string): IncomingResource {
  return {
    name: resource.name === '' ? undefined : resource.name,
    version,
    // A heartbeat has no content and thus no type of its own.
    typeUrl: resource.resource?.typeUrl ?? typeUrl,
    bytes: resource.resource?.value,
    ttlMs: resource.ttl === undefined ? undefined : toMs(resource.ttl),
  };
}
