import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { ProxyLeftOut, ProxyStatus, ProxyStatusSource } from './rest/proxy-status.ts';
import type { LeftOutNote } from './snapshot/snapshot.ts';
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
    ...(status.leftOut.length === 0 ? {} : { leftOut: status.leftOut.map(toLeftOut) }),
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

function toLeftOut({ typeUrl, name, part, reason }: LeftOutNote): ProxyLeftOut {
  return { type: shortNameOf(typeUrl), resource: name, ...(part === undefined ? {} : { part }), reason };
}

function shortNameOf(typeUrl: string): string {
  const name = toTypeName(typeUrl);
  return name.slice(name.lastIndexOf('.') + 1);
}
