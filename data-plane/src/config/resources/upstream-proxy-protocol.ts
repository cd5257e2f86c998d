import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { TransportSocket } from '@heddle/shared/xds/api';
import type { UpstreamProxyProtocol } from '../model/upstream-proxy-protocol.ts';
import type { DecodeContext } from './decode-context.ts';
import { toPassThroughTlvs } from './listener-filters/proxy-protocol.ts';

export const upstreamProxyType =
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport';

/** A socket that is none of this kind is its own `inner`. */
export interface ProxiedSocket {
  readonly proxyProtocol?: UpstreamProxyProtocol;
  readonly inner: TransportSocket | undefined;
  readonly innerPath: string;
}

export function decodeProxiedSocket(
  context: DecodeContext,
  socket: TransportSocket | undefined,
  path: string,
): ProxiedSocket {
  const any = socket?.typedConfig;
  if (any === undefined || toTypeName(any.typeUrl) !== upstreamProxyType)
    return { inner: socket, innerPath: path };
  const message = context.unpack(upstreamProxyType, any, `${path}.typed_config`);
  const config = message?.config;
  return {
    inner: message?.transportSocket,
    innerPath: `${path}.typed_config.transport_socket`,
    proxyProtocol: {
      version: config?.version === 'V2' ? 2 : 1,
      passThroughTlvs: toPassThroughTlvs(config?.passThroughTlvs),
      addedTlvs: (config?.addedTlvs ?? []).map(({ type, value }) => ({
        type,
        valueHex: Buffer.from(value).toString('hex'),
      })),
    },
  };
}
