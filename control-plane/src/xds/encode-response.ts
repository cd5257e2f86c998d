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

/** From how many resources on it pays to compare the list with the last one. */
const largeCount = 16;

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

  /** The resources of the last large response of a type: streams that start together get the same. */
  const lastBodies = new Map<
    string,
    { readonly resources: readonly SnapshotResource[]; readonly body: Buffer }
  >();

  function bodyOf({ typeUrl, resources }: ResponseParts): Buffer {
    if (resources.length < largeCount) return Buffer.concat(resources.map(fieldOf));
    const last = lastBodies.get(typeUrl);
    if (last !== undefined && isSameList(last.resources, resources)) return last.body;
    const body = Buffer.concat(resources.map(fieldOf));
    lastBodies.set(typeUrl, { resources, body });
    return body;
  }

  return {
    encode: (parts) => Buffer.concat([headOf(parts), bodyOf(parts)]),
    sizeOf: (resource) => fieldOf(resource).length,
  };
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
