import type { Rng } from '@heddle/shared/random/rng';
import type { UdpProxy } from '../../config/model/udp-proxy.ts';
import { AccessLogger } from '../../downstream/http/access-log/access-logger.ts';
import type { LogFiles } from '../../downstream/http/access-log/log-file.ts';
import { addFlag } from '../../downstream/http/stream-info-record.ts';
import { udpScopeOf, type UdpFilter, type UdpSender } from '../../downstream/udp/udp-filter.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type {
  Host,
  LoadBalancerContext,
  ThreadLocalCluster,
  ThreadLocalClusters,
} from '../../upstream/upstream.ts';
import { compileUdpRoute, type ChooseUdpCluster } from './udp-route-table.ts';
import { createUdpStreamInfo, writeProxyLog, writeSessionLog } from './udp-log.ts';
import { udpProxyStats, type UdpProxyStats } from './udp-proxy-stats.ts';
import { UdpProxySession, type UdpCounts, type UdpSessionOwner } from './udp-session.ts';

/** What all UDP proxies of a worker share. */
export interface UdpProxyDependencies {
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  /** The root. */
  readonly stats: StatsScope;
  readonly clusters: ThreadLocalClusters;
  readonly logFiles: LogFiles;
  /** Unique in the worker; `%STREAM_ID%`. */
  readonly nextStreamId: () => number;
}

const noDatagrams: UdpCounts = Object.freeze({
  receivedDatagrams: 0,
  sentDatagrams: 0,
  sendErrors: 0,
  isIdle: false,
});

/**
 * Envoy's `udp_proxy` on one listener in one worker. A session is a client and, with load balancing for each datagram, a
 * host; it keeps its host while that is there and healthy, or no better one is to be had.
 */
export class UdpProxyFilter implements UdpFilter, UdpSessionOwner, LoadBalancerContext {
  readonly metadataMatch = undefined;
  readonly hostSelectionRetryCount = 0;
  readonly config: UdpProxy;
  readonly dependencies: UdpProxyDependencies;
  readonly sender: UdpSender;
  readonly stats: UdpProxyStats;
  readonly accessLoggers: readonly AccessLogger[];
  /** Of this worker, under the names that its log has for them. Those of a session are added at its end. */
  readonly counts = {
    bytes_received: 0,
    bytes_sent: 0,
    datagrams_received: 0,
    datagrams_sent: 0,
    errors_received: 0,
    errors_sent: 0,
    idle_timeout: 0,
    no_route: 0,
    session_total: 0,
  };
  readonly #proxyLoggers: readonly AccessLogger[];
  readonly #chooseCluster: ChooseUdpCluster;
  readonly #sessions = new Map<string, UdpProxySession>();

  /** @throws InvalidInputError for formats that do not compile */
  constructor(config: UdpProxy, dependencies: UdpProxyDependencies, sender: UdpSender) {
    this.config = config;
    this.dependencies = dependencies;
    this.sender = sender;
    this.stats = udpProxyStats.create(dependencies.stats.scope(udpScopeOf(config)));
    this.#chooseCluster = compileUdpRoute(config.route);
    this.accessLoggers = config.accessLogs.map((log) => new AccessLogger(log, dependencies.logFiles));
    this.#proxyLoggers = config.proxyAccessLogs.map((log) => new AccessLogger(log, dependencies.logFiles));
  }

  onDatagram(datagram: Buffer, peer: SocketAddress): void {
    const name = this.#chooseCluster(peer, this.sender.localAddress);
    const cluster = name === undefined ? undefined : this.dependencies.clusters.get(name);
    if (cluster === undefined) {
      this.stats.noRoute.inc();
      this.counts.no_route++;
      return;
    }
    const session = this.config.usesPerPacketLoadBalancing
      ? this.#sessionOfPacket(cluster, peer)
      : this.#sessionOfPeer(cluster, peer);
    session?.onDownstreamDatagram(datagram);
  }

  onReceiveError(): void {
    this.stats.receiveErrors.inc();
    this.counts.errors_received++;
  }

  close(): void {
    for (const session of [...this.#sessions.values()]) session.end();
    writeProxyLog(this.#proxyLoggers, this);
  }

  shouldSelectAnotherHost(): boolean {
    return false;
  }

  onSessionEnd(session: UdpProxySession): void {
    const { info, counts } = session;
    this.counts.bytes_received += info.bytesReceived;
    this.counts.bytes_sent += info.bytesSent;
    this.counts.datagrams_received += counts.receivedDatagrams;
    this.counts.datagrams_sent += counts.sentDatagrams;
    this.counts.errors_sent += counts.sendErrors;
    if (counts.isIdle) this.counts.idle_timeout++;
    this.counts.session_total++;
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key);
  }

  #sessionOfPeer(cluster: ThreadLocalCluster, peer: SocketAddress): UdpProxySession | undefined {
    const key = keyOf(peer);
    const session = this.#sessions.get(key);
    if (session === undefined) {
      if (!cluster.canConnect('default')) return this.#refuse(cluster, peer);
      const host = this.#chooseHost(cluster);
      return host === undefined ? undefined : this.#open(cluster, host, peer, key);
    }
    if (!session.cluster.isUnhealthy(session.host)) return session;
    const better = cluster.chooseHost(this);
    if (better === undefined || better === session.host || cluster.isUnhealthy(better)) return session;
    session.end();
    return cluster.canConnect('default')
      ? this.#open(cluster, better, peer, key)
      : this.#refuse(cluster, peer);
  }

  #sessionOfPacket(cluster: ThreadLocalCluster, peer: SocketAddress): UdpProxySession | undefined {
    const host = this.#chooseHost(cluster);
    if (host === undefined) return undefined;
    const key = `${keyOf(peer)} ${host.label}`;
    const session = this.#sessions.get(key);
    if (session !== undefined) return session;
    return cluster.canConnect('default') ? this.#open(cluster, host, peer, key) : this.#refuse(cluster, peer);
  }

  #chooseHost(cluster: ThreadLocalCluster): Host | undefined {
    const host = cluster.chooseHost(this);
    if (host === undefined) cluster.stats.noneHealthy.inc();
    return host;
  }

  /** As in Envoy a session that never was: it is counted and logged. */
  #refuse(cluster: ThreadLocalCluster, peer: SocketAddress): undefined {
    this.stats.sessionsTotal.inc();
    this.counts.session_total++;
    const info = createUdpStreamInfo(this, undefined, peer);
    addFlag(info, 'UO');
    writeSessionLog(this, info, noDatagrams, cluster.info.name);
    return undefined;
  }

  #open(cluster: ThreadLocalCluster, host: Host, peer: SocketAddress, key: string): UdpProxySession {
    const session = new UdpProxySession(this, cluster, host, peer, key);
    this.#sessions.set(key, session);
    return session;
  }
}

function keyOf({ address, port }: SocketAddress): string {
  return `${address} ${port}`;
}
