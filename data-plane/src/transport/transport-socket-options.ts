import type { SocketAddress } from './connection.ts';
import type { ProxyAddresses, ProxyTlv } from './proxy-protocol/proxy-header.ts';

/** What of a host says how it is connected to. */
export interface ConnectTarget {
  /** An IP address, never a name. */
  readonly address: SocketAddress;
  /** Of the endpoint; empty for none. */
  readonly hostname: string;
  /** Which of the cluster's `transportSocketMatches`; -1: the cluster's own socket. */
  readonly transportSocket: number;
}

/**
 * What a request wants of the server at the other end, in Envoy's words. Only requests that want the same share
 * connections.
 */
export interface TransportSocketOptions {
  /** Named in the handshake instead of what the cluster says; empty: what the cluster says. */
  readonly serverName: string;
  /** A subject alternative name that the certificate must have, of whatever type; empty: what the cluster says. */
  readonly subjectAltName: string;
  /** Whom the connection is for, where the server is told by a PROXY header. */
  readonly proxied?: ProxiedConnection | undefined;
}

/** A client's connection, as an upstream is told of it. */
export interface ProxiedConnection {
  readonly addresses: ProxyAddresses;
  readonly tlvs: readonly ProxyTlv[];
}

/** The same for all that may share connections. */
export function poolKeyOf(options: TransportSocketOptions): string {
  const key = keyOfSocketOptions(options);
  if (options.proxied === undefined) return key;
  const { addresses, tlvs } = options.proxied;
  const texts = tlvs.map(({ type, value }) => `${type}=${Buffer.from(value).toString('hex')}`);
  const { source, destination } = addresses;
  return [key, source.address, source.port, destination.address, destination.port, ...texts].join(' ');
}

/** The same for all that want the same server. */
export function keyOfSocketOptions({ serverName, subjectAltName }: TransportSocketOptions): string {
  // Neither a host name nor an address has a space.
  return `${serverName} ${subjectAltName}`;
}
