import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { SnapshotResource } from '../snapshot/snapshot.ts';

export interface ResponseParts {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly SnapshotResource[];
  /** Delta only. */
  readonly removed: readonly string[];
}

export interface ResponseEncoder {
  encode(parts: ResponseParts): Buffer;
  /** What a resource adds to a response. Bytes. */
  sizeOf(resource: SnapshotResource): number;
}

/**
 * Responses of one variant, put together from ready-made pieces: a message is the concatenation of its fields,
 * so the field of a resource is encoded once and copied into the response of every stream.
 */
export function createResponseEncoder(
  api: XdsApi,
  variant: 'sotw' | 'delta',
  controlPlaneId: string,
): ResponseEncoder {
  const fields = new WeakMap<SnapshotResource, Buffer>();
  const controlPlane = { identifier: controlPlaneId };

  function fieldOf(resource: SnapshotResource): Buffer {
    let field = fields.get(resource);
    if (field === undefined) {
      const { name, version, any } = resource;
      field =
        variant === 'sotw'
          ? api.encode('envoy.service.discovery.v3.DiscoveryResponse', { resources: [any] })
          : api.encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
              resources: [{ name, version, resource: any }],
            });
      fields.set(resource, field);
    }
    return field;
  }

  function headOf({ typeUrl, version, nonce, removed }: ResponseParts): Buffer {
    if (variant === 'sotw') {
      return api.encode('envoy.service.discovery.v3.DiscoveryResponse', {
        versionInfo: version,
        typeUrl,
        nonce,
        controlPlane,
      });
    }
    return api.encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
      systemVersionInfo: version,
      typeUrl,
      nonce,
      removedResources: removed,
      controlPlane,
    });
  }

  return {
    encode: (parts) => Buffer.concat([headOf(parts), ...parts.resources.map(fieldOf)]),
    sizeOf: (resource) => fieldOf(resource).length,
  };
}
