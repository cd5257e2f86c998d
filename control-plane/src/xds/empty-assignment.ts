import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { createSnapshotResource, type SnapshotResource } from '../snapshot/snapshot.ts';

/** Tag and length of the name, which is all that an empty assignment holds besides the name itself. */
const headBytes = 3;

/** Whether the assignment has no endpoints; told by its size, since it is asked for every push. */
export function isEmptyAssignment({ name, any }: SnapshotResource): boolean {
  return any.value.length <= Buffer.byteLength(name) + headBytes;
}

/** No endpoints, under a name that nothing is known about: an answer ends the client's wait, silence does not. */
export function buildEmptyAssignment(api: XdsApi, name: string): SnapshotResource {
  const bytes = api.encode('envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName: name });
  return createSnapshotResource(typeUrls.clusterLoadAssignment, name, bytes);
}
