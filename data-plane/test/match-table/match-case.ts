import type { Json } from '../statistics/bootstrap-parts.ts';

/** What the client of a connection says first. */
export type Opening =
  | { readonly kind: 'tls'; readonly serverName: string; readonly applicationProtocols: readonly string[] }
  | { readonly kind: 'plain'; readonly text: string };

/** A connection as the proxy gets it: from a loopback address, behind a PROXY header. */
export interface Visit {
  readonly directAddress: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  readonly opening: Opening;
}

/** A listener and connections to it. */
export interface MatchCase {
  readonly name: string;
  /** Envoy's `FilterChainMatch`, one for each chain. */
  readonly matches: readonly Json[];
  readonly hasDefaultChain: boolean;
  readonly visits: readonly Visit[];
}
