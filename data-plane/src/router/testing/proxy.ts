import { WorkerSecrets } from '../../transport/tls/worker-secrets.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { systemClock, type Clock } from '@heddle/shared/time/clock';
import { CodecWorkspace } from '../../codec/codec-workspace.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import { managerOf, type FilterChain, type Listener } from '../../config/model/listener.ts';
import type { RouteTable } from '../../config/model/route.ts';
import { LogFiles, logFileStats } from '../../downstream/http/access-log/log-file.ts';
import { createHttpConnectionManager } from '../../downstream/http/http-connection-manager.ts';
import type { HttpFilterFactory } from '../../downstream/http/http-filter.ts';
import { ManagerConfig } from '../../downstream/http/manager-config.ts';
import { RequestTurn } from '../../downstream/http/request-turn.ts';
import { DateText } from '../../downstream/http/response-headers.ts';
import { WorkerListeners } from '../../downstream/listener/worker-listeners.ts';
import { createCountingStats, type CountingStats } from '../../downstream/testing/counting-stats.ts';
import type { CreateUdpFilter } from '../../downstream/udp/udp-filter.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { createTransportContext, type TransportContext } from '../../transport/transport-context.ts';
import type { UpstreamConnector } from '../../upstream/pool/upstream-connector.ts';
import { buildClusterUpdate, buildHost } from '../../upstream/testing/cluster-updates.ts';
import type { ClusterFields } from '../../upstream/testing/model-fixtures.ts';
import { createSocketUpstream } from '../../upstream/testing/socket-upstream.ts';
import { WorkerClusters } from '../../upstream/thread-local-clusters.ts';
import { ActiveRouteTables } from '../active-route-tables.ts';
import { createRouterFilterFactory } from '../router-filter.ts';
import { buildManager } from './route-fixtures.ts';

export interface ProxyOptions {
  /** Cluster → ports of its hosts. */
  readonly clusters?: Readonly<Record<string, readonly number[]>>;
  readonly clusterFields?: ClusterFields;
  readonly manager?: Partial<HttpConnectionManager>;
  readonly filters?: readonly HttpFilterFactory[];
  readonly drainTimeMs?: number;
  readonly bufferLimitBytes?: number;
  /** Instead of the route table and `manager`. */
  readonly listener?: Listener;
  /** Instead of one for plain connections. */
  readonly createConnector?: (transport: TransportContext) => UpstreamConnector;
  readonly createUdpFilter?: CreateUdpFilter;
  /** Of the listeners; real time unless told. */
  readonly clock?: Clock;
  /** Instead of one of real time. */
  readonly requestTurn?: RequestTurn;
  /** Stands for a loopback client in `x-forwarded-for`. */
  readonly nodeAddress?: string;
}

/** One worker's data path over real sockets: listeners, manager, router, clusters. */
export interface Proxy {
  readonly port: number;
  readonly listeners: WorkerListeners;
  readonly clusters: WorkerClusters;
  readonly routes: ActiveRouteTables;
  readonly stats: CountingStats;
  readonly drainTimeMs: number;
  /** Replaces the listener. */
  update(listener: Listener, isInPlace: boolean): Promise<void>;
  addCluster(name: string, ports: readonly number[]): void;
  /** Ends the logs, so that they can be read. */
  closeLogs(): void;
}

export function buildListener(chains: readonly FilterChain[], fields: Partial<Listener> = {}): Listener {
  return {
    name: 'main',
    address: { address: '127.0.0.1', port: 0 },
    trafficDirection: 'unspecified',
    filterChains: chains,
    perConnectionBufferLimitBytes: 1024 * 1024,
    drainType: 'default',
    statPrefix: '',
    ...fields,
  };
}

export function buildChain(
  manager: HttpConnectionManager,
  hash: string,
  fields: Partial<FilterChain> = {},
): FilterChain {
  return {
    name: '',
    hash,
    match: {
      prefixRanges: [],
      directSourcePrefixRanges: [],
      sourceType: 'any',
      sourcePrefixRanges: [],
      sourcePorts: [],
      serverNames: [],
      applicationProtocols: [],
      transportProtocol: '',
    },
    precedingFilters: [],
    networkFilter: { kind: 'http-connection-manager', config: manager },
    ...fields,
  };
}

export async function startProxy(
  t: TestContext,
  table: RouteTable,
  options: ProxyOptions = {},
): Promise<Proxy> {
  const wheel = new TimerWheel(options.clock ?? systemClock);
  const stats = createCountingStats();
  const rng = createSeededRng(1);
  const logger = createSilentLogger();
  const connector = options.createConnector?.(createTransportContext(wheel));
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock: wheel,
    rng,
    stats,
    ...createSocketUpstream(),
    ...(connector === undefined ? {} : { connector }),
  });
  const addCluster = (name: string, ports: readonly number[]): void => {
    const hosts = ports.map((port, slot) => buildHost(slot, port, { hostname: `${name}-${slot}.test` }));
    clusters.apply(buildClusterUpdate(name, hosts, options.clusterFields));
  };
  for (const [name, ports] of Object.entries(options.clusters ?? {})) addCluster(name, ports);

  const routes = new ActiveRouteTables();
  const logFiles = new LogFiles({
    clock: wheel,
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger,
  });
  let streamId = 0;
  const dependencies = {
    wheel,
    rng,
    stats,
    date: new DateText(wheel),
    workspace: new CodecWorkspace(),
    routes,
    logFiles,
    filters: [createRouterFilterFactory(clusters), ...(options.filters ?? [])],
    nodeAddress: options.nodeAddress ?? '192.0.2.1',
    nextStreamId: () => ++streamId,
    requestTurn: options.requestTurn ?? new RequestTurn(systemClock),
  };
  const drainTimeMs = options.drainTimeMs ?? 600_000;
  const listeners = new WorkerListeners({
    secrets: new WorkerSecrets(),
    transport: createTransportContext(wheel),
    wheel,
    rng,
    stats,
    logger,
    workerIndex: 0,
    hasReusePort: false,
    drainTimeMs,
    drainStrategy: 'immediate',
    createUdpFilter: options.createUdpFilter ?? (() => assert.fail('no test asks for datagrams')),
    createNetworkFilter(chain, listener, statsScope) {
      const config = managerOf(chain);
      if (config === undefined) throw new Error('the fixture serves HTTP only');
      return createHttpConnectionManager(
        new ManagerConfig(config, dependencies, {
          statsScope,
          filterChainName: chain.name,
          bufferLimitBytes: listener.perConnectionBufferLimitBytes,
        }),
      );
    },
  });
  const update = async (listener: Listener, isInPlace: boolean): Promise<void> => {
    assert.deepEqual(await listeners.apply([{ listener, isInPlace }], []), []);
  };
  const bufferLimit = options.bufferLimitBytes;
  await update(
    options.listener ??
      buildListener(
        [buildChain(buildManager(table, options.manager), 'first')],
        bufferLimit === undefined ? {} : { perConnectionBufferLimitBytes: bufferLimit },
      ),
    false,
  );
  t.after(() => {
    listeners.close();
    clusters.close();
    logFiles.close();
  });
  const port = listeners.addressOf(options.listener?.name ?? 'main')?.port ?? 0;
  return {
    port,
    listeners,
    clusters,
    routes,
    stats,
    drainTimeMs,
    update,
    addCluster,
    closeLogs: () => logFiles.close(),
  };
}
