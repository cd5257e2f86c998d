import type { AccessLog } from './access-log.ts';
import type { ListenAddress } from './address.ts';
import type { HttpConnectionManager } from './http-connection-manager.ts';
import type { ListenerFilters } from './listener-filters.ts';
import type { PrecedingNetworkFilter, TerminalNetworkFilter } from './network-filter.ts';
import type { DownstreamTls } from './tls.ts';
import type { UdpListening } from './udp-proxy.ts';

/** Envoy's `Listener`, decoded and checked. */
export interface Listener {
  readonly name: string;
  readonly address: ListenAddress;
  readonly trafficDirection: 'unspecified' | 'inbound' | 'outbound';
  readonly filterChains: readonly FilterChain[];
  readonly defaultFilterChain?: FilterChain;
  readonly perConnectionBufferLimitBytes: number;
  readonly drainType: 'default' | 'modify-only';
  readonly tcpBacklogSize?: number;
  /** The limit of all connections of the process does not hold here. */
  readonly ignoresGlobalConnectionLimit?: boolean;
  readonly statPrefix: string;
  /** Its connections are looked into before their filter chain is chosen. */
  readonly listenerFilters?: ListenerFilters;
  /** Of an address of UDP; it has no filter chain then. */
  readonly udp?: UdpListening;
}

export interface FilterChain {
  /** Empty when the configuration names none. */
  readonly name: string;
  /** Content hash of the chain; equal = the same chain, whose connections an update keeps. */
  readonly hash: string;
  readonly match: FilterChainMatch;
  /** Absent: connections are plain. */
  readonly tls?: DownstreamTls;
  /** From the acceptance to the end of the TLS handshake; absent: no limit. */
  readonly transportSocketConnectTimeoutMs?: number;
  /** In their order. */
  readonly precedingFilters: readonly PrecedingNetworkFilter[];
  /** The terminal one. */
  readonly networkFilter: TerminalNetworkFilter;
}

/** The criteria of reference: `FilterChainMatch`. An empty list or absent value does not restrict. */
export interface FilterChainMatch {
  readonly destinationPort?: number;
  readonly prefixRanges: readonly CidrRange[];
  /** Of whom the connection really comes from, behind a PROXY header too. */
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: 'any' | 'local' | 'external';
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
  /** SNI, lower-case; `*.` at the front stands for one label or more. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: '' | 'raw_buffer' | 'tls';
  /** ALPN. */
  readonly applicationProtocols: readonly string[];
}

/** A network in CIDR form. */
export interface CidrRange {
  readonly address: string;
  /** Bits. */
  readonly prefixLength: number;
}

/** Of the chain's terminal filter, where it is one. */
export function managerOf({ networkFilter }: FilterChain): HttpConnectionManager | undefined {
  return networkFilter.kind === 'http-connection-manager' ? networkFilter.config : undefined;
}

/** Every access log of the chain's filters. */
export function accessLogsOf(chain: FilterChain): readonly AccessLog[] {
  const { networkFilter } = chain;
  return 'config' in networkFilter ? networkFilter.config.accessLogs : [];
}
