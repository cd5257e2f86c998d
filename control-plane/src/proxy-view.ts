import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { ProxyStatus, ProxyStatusSource } from './rest/proxy-status.ts';
import type { NodeStatus, NodeStatusBoard } from './xds/node-status.ts';

/** What the xDS server knows of its proxies, in the words of the REST API. */
export function createProxyView(nodes: NodeStatusBoard): ProxyStatusSource {
  return {
    list: () => nodes.list().map(toProxyStatus),
    get: (node) => {
      const status = nodes.get(node);
      return status === undefined ? undefined : toProxyStatus(status);
    },
  };
}

function toProxyStatus(status: NodeStatus): ProxyStatus {
  return {
    node: status.nodeId,
    cluster: status.cluster,
    isConnected: status.isConnected,
    connectedAt: status.connectedAt,
    userAgent: status.userAgent,
    liveVersion: status.liveVersion ?? 'unknown',
    types: status.types.map(({ typeUrl, lastNack, ...type }) => ({
      type: shortNameOf(typeUrl),
      sentVersion: type.sentVersion,
      acknowledgedVersion: type.acknowledgedVersion,
      nonce: type.nonce,
      state: type.state,
      ...(type.liveVersion === undefined ? {} : { liveVersion: type.liveVersion }),
      ...(lastNack === undefined
        ? {}
        : {
            lastNack: {
              version: lastNack.version,
              message: lastNack.message,
              at: lastNack.at,
              resourceNames: [...lastNack.resourceNames],
            },
          }),
    })),
  };
}

function shortNameOf(typeUrl: string): string {
  const name = toTypeName(typeUrl);
  return name.slice(name.lastIndexOf('.') + 1);
}
