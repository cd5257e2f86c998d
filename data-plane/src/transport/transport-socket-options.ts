import type { SocketAddress } from './connection.ts';

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
}

/** The same for all that want the same. */
export function keyOfSocketOptions({ serverName, subjectAltName }: TransportSocketOptions): string {
  // Neither a host name nor an address has a space.
  return `${serverName} ${subjectAltName}`;
}
