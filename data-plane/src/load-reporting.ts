import type { LoadReporter } from './config/loads/load-reporter.ts';
import type { LoadedCluster } from './config/loads/load-report.ts';
import type { ManagementServerTls } from './config/sources/connect-securely.ts';
import type { DataPlaneOptions } from './data-plane.ts';
import type { StatsReader } from './stats/stats-reader.ts';
import type { StatsScope } from './stats/stats.ts';
import type { ClusterManager } from './upstream/cluster-manager.ts';

export interface LoadReportingSources {
  readonly clusters: ClusterManager;
  readonly reader: StatsReader;
  /** How that cluster's connections are secured; undefined: not at all. */
  readonly serverTls: ManagementServerTls;
  /** The root scope. */
  readonly stats: StatsScope;
}

const method = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
/** As for ADS. */
const defaultKeepAlive = { intervalMs: 30_000, timeoutMs: 10_000 };
const droppedBy = ['upstream_rq_pending_overflow', 'upstream_rq_active_overflow'];

/** Reports the load of all clusters to the server of `cluster_manager.load_stats_config`, if there is one. */
export function startLoadReporting(
  { bootstrap, api, clock, rng, logger }: DataPlaneOptions,
  { clusters, reader, stats, serverTls }: LoadReportingSources,
): LoadReporter {
  const config = bootstrap.loadStats;
  let reporter: LoadReporter | undefined;
  let isStopped = config === undefined;

  function droppedCount(statName: string): number {
    return droppedBy.reduce((sum, name) => sum + (reader.read(`cluster.${statName}.${name}`) ?? 0), 0);
  }

  function toLoaded({ name, cluster, hosts }: ReturnType<ClusterManager['inspect']>[number]): LoadedCluster {
    const { discovery, statName } = cluster;
    return {
      name,
      serviceName: discovery.kind === 'eds' ? discovery.serviceName : name,
      identity: cluster,
      droppedCount: droppedCount(statName),
      hosts: hosts.map(({ label, address, port, locality, priority, stats: counts }) => ({
        ...{ label, address, port, locality, priority },
        successCount: counts.rq_success,
        errorCount: counts.rq_error,
        issuedCount: counts.rq_total,
        activeCount: counts.rq_active,
      })),
    };
  }

  async function start(): Promise<void> {
    if (config === undefined) return;
    const { AdsClient, startLoadReporter } = await import('./xds-clients.ts');
    if (isStopped) return;
    const loadLogger = logger.child({ component: 'load-reporter' });
    const { keepAlive = defaultKeepAlive, initialMetadata: metadata } = config;
    reporter = startLoadReporter({
      transport: new AdsClient({
        ...config,
        ...{ method, metadata, keepAlive, clock, rng, logger: loadLogger },
        connectSecurely: serverTls(config.clusterName),
      }),
      node: api.decode('envoy.config.core.v3.Node', bootstrap.node.bytes),
      api,
      clusters: () =>
        clusters
          .inspect()
          .filter(({ state }) => state === 'active')
          .map(toLoaded),
      clock,
      logger: loadLogger,
      stats,
    });
  }

  void start();
  return {
    stop() {
      isStopped = true;
      reporter?.stop();
    },
  };
}
