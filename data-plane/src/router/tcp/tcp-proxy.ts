import type { Rng } from '@heddle/shared/random/rng';
import type { TcpProxy, TcpProxyCluster } from '../../config/model/tcp-proxy.ts';
import { AccessLogger } from '../../downstream/http/access-log/access-logger.ts';
import type { LogFiles } from '../../downstream/http/access-log/log-file.ts';
import type { NetworkFilterFactory } from '../../downstream/network/network-filter.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { ThreadLocalClusters } from '../../upstream/upstream.ts';
import { tcpProxyStats, type TcpProxyStats } from './tcp-proxy-stats.ts';
import { TcpSession } from './tcp-session.ts';
import { TunnelRequest } from './tunnel-request.ts';

/** What all TCP proxies of a worker share. */
export interface TcpProxyDependencies {
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  /** The root. */
  readonly stats: StatsScope;
  readonly clusters: ThreadLocalClusters;
  readonly logFiles: LogFiles;
  /** Unique in the worker; `%STREAM_ID%`. */
  readonly nextStreamId: () => number;
}

/** A TCP proxy of one filter chain, compiled: what its connections share. */
export class TcpProxyConfig {
  readonly config: TcpProxy;
  readonly dependencies: TcpProxyDependencies;
  readonly stats: TcpProxyStats;
  readonly accessLoggers: readonly AccessLogger[];
  readonly tunnel: TunnelRequest;
  readonly filterChainName: string;
  readonly bufferLimitBytes: number;

  /** @throws InvalidInputError for formats that do not compile */
  constructor(
    config: TcpProxy,
    dependencies: TcpProxyDependencies,
    listener: { readonly filterChainName: string; readonly bufferLimitBytes: number },
  ) {
    this.config = config;
    this.dependencies = dependencies;
    this.stats = tcpProxyStats.create(dependencies.stats.scope(`tcp.${config.statPrefix}.`));
    this.accessLoggers = config.accessLogs.map((log) => new AccessLogger(log, dependencies.logFiles));
    this.tunnel = new TunnelRequest(config.tunneling);
    this.filterChainName = listener.filterChainName;
    this.bufferLimitBytes = listener.bufferLimitBytes;
  }

  /** By weight; `name`: what a filter before said, which knows of no metadata. */
  chooseCluster(name: string | undefined): TcpProxyCluster | undefined {
    if (name !== undefined) return { name, weight: 1 };
    const { clusters, totalWeight } = this.config;
    let left = clusters.length < 2 ? 0 : this.dependencies.rng.next() * totalWeight;
    return clusters.find(({ weight }) => (left -= weight) < 0);
  }
}

/** Envoy's `tcp_proxy` as the terminal network filter of a filter chain. */
export function createTcpProxy(config: TcpProxyConfig): NetworkFilterFactory {
  return { createSession: (connection, owner) => new TcpSession(config, connection, owner) };
}
