import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { createSnapshotResource, type SnapshotResource } from '../snapshot/snapshot.ts';

/** No endpoints, under a name that nothing is known about: an answer ends the client's wait, silence does not. */
export function buildEmptyAssignment(api: XdsApi, name: string): SnapshotResource {
  const bytes = api.encode('envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName: name });
  return createSnapshotResource(typeUrls.clusterLoadAssignment, name, bytes);
}
