import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Rng } from '@heddle/shared/random/rng';
import type { HttpProtocol } from '../codec/codec.ts';
import { createTcpClientCodec } from '../codec/tcp/tcp-client-codec.ts';
import type { ServedCluster } from '../config/model/cluster.ts';
import type { ClusterSharedMemory, HostSetUpdate } from '../config/model/cluster-update.ts';
import { packedHostCount } from '../config/model/packed-hosts.ts';
import { http2Stats } from '../stats/http2-stats.ts';
import type { StatsScope } from '../stats/stats.ts';
import { SharedResourceManager } from './circuit-breaker.ts';
import { panicStats, WorkerClusterStats } from './cluster-stats.ts';
import { HostSet } from './host-set/host-set.ts';
import { WorkerHost } from './host-set/worker-host.ts';
import { createLoadBalancer } from './load-balancer/create-load-balancer.ts';
import type { ClientCodecs } from './pool/client-codecs.ts';
import { ConnectionPool } from './pool/connection-pool.ts';
import type { PoolContext } from './pool/pool-context.ts';
import { poolStats, type PoolStats } from './pool/pool-stats.ts';
import type { UpstreamConnector } from './pool/upstream-connector.ts';
import { poolKeyOf, type TransportSocketOptions } from '../transport/transport-socket-options.ts';
import { trafficWord } from './shared-memory.ts';
import { WorkerUdpSessions } from './udp/udp-sessions.ts';
import type {
  ClusterStats,
  Host,
  HttpConnectionPool,
  LoadBalancerContext,
  ResourcePriority,
  ThreadLocalCluster,
  UdpSession,
} from './upstream.ts';

/** What every cluster of a worker needs from outside. */
export interface WorkerUpstreamContext {
  /** 0 … workerCount − 1; says which blocks of the shared memory are this worker's own. */
  readonly workerIndex: number;
  readonly workerCount: number;
  readonly clock: Clock;
  readonly rng: Rng;
  /** The root: the names that are made here begin with `cluster.`. */
  readonly stats: StatsScope;
  readonly connector: UpstreamConnector;
  /** Tells the main thread that a host failed itself; `host` is its address and port. */
  readonly onHostFailed?: (clusterName: string, host: string) => void;
  readonly codecs: ClientCodecs;
}

/** All that a worker counts of a cluster from its first request on. `scope` is `cluster.<name>.`. */
export function createWorkerClusterStats(scope: StatsScope) {
  const pool = poolStats.create(scope);
  return {
    cluster: new WorkerClusterStats(scope, pool.pendingFailureEject),
    pool,
    panic: panicStats.create(scope),
  };
}

type HttpPoolProtocol = 'http1' | 'http2' | 'auto';
type PoolProtocol = HttpPoolProtocol | 'tcp';

/** What a pool's connections speak, and its priority. */
type PoolKey = `${PoolProtocol}-${ResourcePriority}`;

/** Not put together for each request. */
const poolKeys = {
  http1: { default: 'http1-default', high: 'http1-high' },
  http2: { default: 'http2-default', high: 'http2-high' },
  auto: { default: 'auto-default', high: 'auto-high' },
  tcp: { default: 'tcp-default', high: 'tcp-high' },
} as const satisfies Record<PoolProtocol, Record<ResourcePriority, PoolKey>>;

/** By `PoolKey`; with what its requests want behind it, where they want something. */
type HostPools = Map<string, ConnectionPool>;

/** How soon a failed host is noticed where nobody picks; only clusters look that close its connections. */
const healthLookMs = 100;

/** One cluster object in one worker: lives from its `replace` to the next one, and drains after that. */
export class WorkerCluster implements ThreadLocalCluster {
  readonly info: ServedCluster;
  readonly stats: ClusterStats;
  readonly #hostSet: HostSet;
  readonly #pools = new Map<WorkerHost, HostPools>();
  readonly #resources: Readonly<Record<ResourcePriority, SharedResourceManager>>;
  readonly #poolContexts: Partial<Record<PoolKey, PoolContext>> = {};
  readonly #context: WorkerUpstreamContext;
  readonly #poolStats: PoolStats;
  readonly #connector: UpstreamConnector;
  readonly #onTraffic: () => void;
  readonly #onHostFailed: ((clusterName: string, host: string) => void) | undefined;
  /** Made for the first one. */
  #udpSessions: WorkerUdpSessions | undefined;
  #isDraining = false;
  #healthTimer: Timer | undefined;

  constructor(
    cluster: ServedCluster,
    initial: HostSetUpdate,
    shared: ClusterSharedMemory,
    context: WorkerUpstreamContext,
    /** When its first hosts came, if that was before now. */
    cameAtMs = context.clock.monotonicMs(),
  ) {
    const { workerIndex, workerCount, clock, rng } = context;
    const scope = context.stats.scope(`cluster.${cluster.statName}.`);
    this.info = cluster;
    this.#onHostFailed = context.onHostFailed;
    const stats = createWorkerClusterStats(scope);
    this.stats = stats.cluster;
    this.#poolStats = stats.pool;
    this.#context = context;
    const resources = (priority: ResourcePriority) =>
      new SharedResourceManager(
        shared.circuitBreakers,
        workerIndex,
        priority,
        cluster.circuitBreakers[priority],
      );
    this.#resources = { default: resources('default'), high: resources('high') };
    const traffic = new Int32Array(shared.circuitBreakers);
    this.#onTraffic = () => void (traffic[trafficWord] = 1);
    this.#connector = context.connector.forCluster?.(cluster, scope) ?? context.connector;
    this.#hostSet = new HostSet(
      {
        common: cluster.common,
        shared,
        balancer: createLoadBalancer(cluster.loadBalancer, rng, () => clock.monotonicMs()),
        workerIndex,
        workerCount,
        clock,
        rng,
        panicPicks: stats.panic.picks,
        onHostUnhealthy: (host) => this.#drainUnhealthy(host),
      },
      initial,
      cameAtMs,
    );
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    return this.#hostSet.choose(context);
  }

  httpPool(
    host: Host,
    priority: ResourcePriority,
    downstreamProtocol: HttpProtocol,
    options?: TransportSocketOptions,
  ): HttpConnectionPool {
    return this.#pool(host, this.#httpProtocol(downstreamProtocol), priority, options);
  }

  tcpPool(host: Host, priority: ResourcePriority, options?: TransportSocketOptions): HttpConnectionPool {
    return this.#pool(host, 'tcp', priority, options);
  }

  openUdpSession(host: Host, onGone: () => void): UdpSession {
    const sessions = (this.#udpSessions ??= new WorkerUdpSessions(
      this.#context.stats.scope(`cluster.${this.info.statName}.`),
      this.#resources.default,
      this.#poolStats,
    ));
    this.#onTraffic();
    return sessions.open(toWorkerHost(host), onGone);
  }

  isUnhealthy(host: Host): boolean {
    this.#hostSet.refresh();
    return toWorkerHost(host).health === 'unhealthy';
  }

  canConnect(priority: ResourcePriority): boolean {
    const canConnect = this.#resources[priority].canConnect();
    if (!canConnect) this.#poolStats.connectionOverflow.inc();
    return canConnect;
  }

  onHostFailed(host: Host): void {
    this.#onHostFailed?.(this.info.name, host.label);
  }

  resources(priority: ResourcePriority): SharedResourceManager {
    return this.#resources[priority];
  }

  /** Swaps the host set; the pools of hosts that are gone drain. */
  updateHosts(update: HostSetUpdate): void {
    const gone = this.#hostSet.apply(update);
    for (const host of gone) {
      this.#udpSessions?.endOf(host);
      this.#forEachPoolOf(host, (pool) => pool.drainAndDelete());
      this.#pools.delete(host);
    }
    const isMembershipChanged = gone.length > 0 || packedHostCount(update.added) > 0;
    if (isMembershipChanged && this.info.common.closeConnectionsOnHostSetChange) {
      for (const host of this.#hostSet.hosts) {
        this.#forEachPoolOf(host, (pool) => pool.drainExistingConnections());
      }
    }
  }

  /** Replaced or removed: idle connections close, busy ones finish, what waits is still served. */
  drain(): void {
    this.#stop();
    for (const host of this.#pools.keys()) this.#forEachPoolOf(host, (pool) => pool.drainAndDelete());
    this.#pools.clear();
  }

  /** The worker ends. */
  close(): void {
    this.#stop();
    for (const host of this.#pools.keys()) this.#forEachPoolOf(host, (pool) => pool.closeAll());
    this.#pools.clear();
  }

  #stop(): void {
    this.#isDraining = true;
    this.#udpSessions?.endAll();
    this.#healthTimer?.cancel();
  }

  /** A host that is unhealthy gets no further request on a connection that it has; what goes on there may be told to end. */
  #drainUnhealthy(host: WorkerHost): void {
    const isClosing = this.info.closeConnectionsOnHostHealthFailure && host.hasFailedCheck;
    this.#forEachPoolOf(host, (pool) => {
      if (isClosing && pool.carriesTcp) pool.closeConnections();
      else pool.drainExistingConnections();
    });
  }

  /** Connections that are to close do not wait for the next pick. */
  #watchHealth(): void {
    this.#healthTimer = this.#context.clock.setTimer(healthLookMs, () => {
      this.#hostSet.refresh();
      this.#watchHealth();
    });
  }

  /** A cluster that follows its clients speaks HTTP/2 as far as it is configured. */
  #httpProtocol(downstreamProtocol: HttpProtocol): HttpPoolProtocol {
    const { protocol, http2 } = this.info.http;
    if (protocol !== 'downstream') return protocol;
    return downstreamProtocol === 'HTTP/2' && http2 !== undefined ? 'http2' : 'http1';
  }

  #pool(
    anyHost: Host,
    protocol: PoolProtocol,
    priority: ResourcePriority,
    options: TransportSocketOptions | undefined,
  ): HttpConnectionPool {
    const host = toWorkerHost(anyHost);
    let pools = this.#pools.get(host);
    if (pools === undefined) {
      pools = new Map();
      this.#pools.set(host, pools);
    }
    const kind = poolKeys[protocol][priority];
    const key = options === undefined ? kind : `${kind} ${poolKeyOf(options)}`;
    return pools.get(key) ?? this.#createPool(host, pools, key, protocol, priority, options);
  }

  #createPool(
    host: WorkerHost,
    pools: HostPools,
    key: string,
    protocol: PoolProtocol,
    priority: ResourcePriority,
    options: TransportSocketOptions | undefined,
  ): ConnectionPool {
    const context = (this.#poolContexts[poolKeys[protocol][priority]] ??= this.#createPoolContext(
      protocol,
      priority,
    ));
    // There are as many as names that clients think of: those that nobody uses go.
    const onEmpty =
      options === undefined
        ? undefined
        : (empty: ConnectionPool) => {
            if (pools.get(key) === empty) pools.delete(key);
          };
    const pool = new ConnectionPool(host, context, options, onEmpty);
    pools.set(key, pool);
    if (this.info.closeConnectionsOnHostHealthFailure && !this.#isDraining && this.#healthTimer === undefined)
      this.#watchHealth();
    // Whoever still holds a cluster or a host that is gone is served, and leaves no connection behind.
    if (this.#isDraining || host.isGone) pool.drainAndDelete();
    return pool;
  }

  #createPoolContext(protocol: PoolProtocol, priority: ResourcePriority): PoolContext {
    const { clock, codecs, stats } = this.#context;
    const common = {
      cluster: this.info,
      resources: this.#resources[priority],
      stats: this.#poolStats,
      connector: this.#connector,
      clock,
      onTraffic: this.#onTraffic,
      expectedStreamCapacity: 1,
      carriesTcp: protocol === 'tcp',
    };
    const { http, statName, perConnectionBufferLimitBytes } = this.info;
    const { http1Total, http2Total } = this.#poolStats;
    if (protocol === 'tcp') {
      return { ...common, createCodec: createTcpClientCodec, protocolTotal: undefined, alpnProtocols: [] };
    }
    const createHttp1 = codecs.http1(http);
    if (protocol === 'http1') {
      return { ...common, createCodec: createHttp1, protocolTotal: http1Total, alpnProtocols: ['http/1.1'] };
    }
    const codecStats = http2Stats.create(stats.scope(`cluster.${statName}.http2.`));
    const createHttp2 = codecs.http2(http, perConnectionBufferLimitBytes, codecStats);
    const expectedStreamCapacity = http.http2?.maxConcurrentStreams ?? Infinity;
    if (protocol === 'http2') {
      const alpnProtocols = ['h2'];
      return {
        ...common,
        createCodec: createHttp2,
        protocolTotal: http2Total,
        alpnProtocols,
        expectedStreamCapacity,
      };
    }
    return {
      ...common,
      createCodec(connection, callbacks) {
        const isHttp2 = connection.alpnProtocol === 'h2';
        (isHttp2 ? http2Total : http1Total).inc();
        return (isHttp2 ? createHttp2 : createHttp1)(connection, callbacks);
      },
      protocolTotal: undefined,
      alpnProtocols: ['h2', 'http/1.1'],
      expectedStreamCapacity,
    };
  }

  #forEachPoolOf(host: WorkerHost, action: (pool: ConnectionPool) => void): void {
    // What is closed may leave the list.
    for (const pool of [...(this.#pools.get(host)?.values() ?? [])]) action(pool);
  }
}

function toWorkerHost(host: Host): WorkerHost {
  if (!(host instanceof WorkerHost)) throw new TypeError('the host is not one that a cluster handed out');
  return host;
}
