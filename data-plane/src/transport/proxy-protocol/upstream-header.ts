import type { UpstreamProxyProtocol } from '../../config/model/upstream-proxy-protocol.ts';
import type { SocketAddress } from '../connection.ts';
import type { ProxiedConnection } from '../transport-socket-options.ts';
import { writeProxyBinary, writeProxyLine } from './write-proxy-header.ts';

/**
 * What an upstream connection begins with. Without a client (`proxied`), as for health checks, it stands for itself:
 * version 1 with its own addresses, version 2 as `LOCAL`.
 */
export function upstreamHeader(
  config: UpstreamProxyProtocol,
  proxied: ProxiedConnection | undefined,
  own: { readonly localAddress: SocketAddress; readonly remoteAddress: SocketAddress },
): Buffer {
  if (config.version === 1) {
    return writeProxyLine(proxied?.addresses ?? { source: own.localAddress, destination: own.remoteAddress });
  }
  if (proxied === undefined) return writeProxyBinary(undefined, []);
  const added = config.addedTlvs.map(({ type, valueHex }) => ({ type, value: Buffer.from(valueHex, 'hex') }));
  const { passThroughTlvs } = config;
  // What is configured counts more than what a client sent.
  const passed = proxied.tlvs.filter(
    ({ type }) =>
      (passThroughTlvs === 'all' || passThroughTlvs.includes(type)) &&
      !added.some((tlv) => tlv.type === type),
  );
  return writeProxyBinary(proxied.addresses, [...added, ...passed]);
}
