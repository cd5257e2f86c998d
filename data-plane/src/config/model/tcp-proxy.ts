import type { AccessLog } from './access-log.ts';
import type { HeaderAddition } from './header-mutation.ts';

/** Envoy's network filter `tcp_proxy`. */
export interface TcpProxy {
  readonly statPrefix: string;
  /** One of them, by weight, for each connection. */
  readonly clusters: readonly TcpProxyCluster[];
  readonly totalWeight: number;
  /** No byte in either direction; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** 0 = no limit. */
  readonly maxConnectionDurationMs: number;
  /** Up to so much of the duration is added, at random. */
  readonly maxConnectionDurationJitterRatio: number;
  readonly maxConnectAttempts: number;
  /** Absent: the next attempt follows at once. */
  readonly connectBackOff?: { readonly baseMs: number; readonly maxMs: number };
  readonly accessLogs: readonly AccessLog[];
  /** Lines besides the one at the end: at the start, when the upstream is connected, and every so often (0 = not). */
  readonly logsStart: boolean;
  readonly logsConnected: boolean;
  readonly logIntervalMs: number;
  /** Absent: the upstream gets the bytes as they are. */
  readonly tunneling?: Tunneling;
}

export interface TcpProxyCluster {
  readonly name: string;
  readonly weight: number;
  readonly metadataMatch?: Readonly<Record<string, unknown>>;
}

/** Bytes go through an HTTP request to another proxy. */
export interface Tunneling {
  /** Format string of access-log operators; `host:port` of what that proxy shall connect to. */
  readonly hostname: string;
  readonly method: 'CONNECT' | 'POST';
  /** Of POST. */
  readonly path: string;
  readonly headersToAdd: readonly HeaderAddition[];
}

export function clustersOfTcpProxy({ clusters }: TcpProxy): string[] {
  return clusters.map(({ name }) => name);
}
