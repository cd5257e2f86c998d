import type { Node } from '@heddle/shared/xds/api';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { NodeIdentity } from '../config/model/bootstrap.ts';

/** What the command line says over the file. */
export interface NodeOverrides {
  readonly id?: string;
  readonly cluster?: string;
  readonly zone?: string;
  /** Heddle's own version. */
  readonly version: string;
}

/** What the protocol client can do; servers look here before they use it. */
const clientFeatures: readonly string[] = ['xds.config.resource-in-sotw', 'xds.config.supports-resource-ttl'];

/** The node with the overrides in it, as the control plane will see it. */
export function buildNode(
  api: XdsApi,
  node: Node | undefined,
  { id, cluster, zone, version }: NodeOverrides,
): Node {
  const base = node ?? api.create('envoy.config.core.v3.Node', {});
  const { userAgentBuildVersion, ...rest } = base;
  const hasVersion = userAgentBuildVersion !== undefined || base.userAgentVersion !== undefined;
  return {
    ...rest,
    id: id ?? base.id,
    cluster: cluster ?? base.cluster,
    ...(zone === undefined
      ? {}
      : { locality: { ...(base.locality ?? api.create('envoy.config.core.v3.Locality', {})), zone } }),
    userAgentName: base.userAgentName || 'heddle',
    ...(userAgentBuildVersion === undefined ? {} : { userAgentBuildVersion }),
    ...(hasVersion ? {} : { userAgentVersion: version }),
    extensions: [],
    listeningAddresses: [],
    clientFeatures: [...new Set([...base.clientFeatures, ...clientFeatures])],
  };
}

export function toNodeIdentity(api: XdsApi, node: Node): NodeIdentity {
  const { region = '', zone = '', subZone = '' } = node.locality ?? {};
  return {
    id: node.id,
    cluster: node.cluster,
    locality: { region, zone, subZone },
    metadata: node.metadata ?? {},
    userAgentName: node.userAgentName,
    userAgentVersion: node.userAgentVersion ?? '',
    bytes: api.encode('envoy.config.core.v3.Node', node),
  };
}
