import type { Connection, SocketAddress } from './connection.ts';
import type { ProxyAddresses, ProxyTlv } from './proxy-protocol/proxy-header.ts';

/**
 * What was found out about an accepted connection that its socket does not know. The connection's own addresses are
 * then those that it is forwarded for.
 */
export interface ConnectionOrigin {
  /** Of the socket. */
  readonly directRemoteAddress: SocketAddress;
  readonly directLocalAddress: SocketAddress;
  /** For upstreams that are told; undefined: the sender spoke for itself. */
  readonly proxyAddresses: ProxyAddresses | undefined;
  /** Of the PROXY header, those that may go on to upstreams. */
  readonly proxyTlvs: readonly ProxyTlv[];
  /** By namespace and key. */
  readonly dynamicMetadata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By the name of the object and its field. */
  readonly filterState: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Of the socket, whomever the connection is forwarded for. */
export function directRemoteAddressOf({
  remoteAddress,
  origin,
}: Pick<Connection, 'remoteAddress' | 'origin'>): SocketAddress {
  return origin?.directRemoteAddress ?? remoteAddress;
}
