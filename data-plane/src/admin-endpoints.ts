import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { toProtoJson } from '@heddle/shared/xds/proto-json';
import type { AdminEndpoint } from './admin/admin-server.ts';
import { createClientStatusEndpoint } from './admin/client-status-endpoint.ts';
import type { ClientStatusView } from './admin/client-status.ts';
import { createClustersEndpoint } from './admin/clusters-endpoint.ts';
import { createConfigDumpEndpoint } from './admin/config-dump-endpoint.ts';
import { createControlEndpoints, type ProxyControl } from './admin/control-endpoints.ts';
import { createSavedConfigEndpoint } from './admin/saved-config-endpoint.ts';
import { createServerEndpoints } from './admin/server-endpoints.ts';
import { createStatsEndpoints } from './admin/stats-endpoints.ts';
import { createThreadsEndpoint } from './admin/threads-endpoint.ts';
import { createConfigDumpView } from './config-dump-view.ts';
import type { TypeStatus } from './config/ads/ads-status.ts';
import type { Bootstrap } from './config/model/bootstrap.ts';
import type { RouteTables } from './config/route-tables.ts';
import type { SavedConfig } from './config/saved/saved-config.ts';
import type { ListenerManager } from './downstream/listener/listener-manager.ts';
import type { Secrets } from './secrets.ts';
import type { ServerStatus } from './server-state.ts';
import type { StatsReader } from './stats/stats-reader.ts';
import type { ThreadReport } from './thread-inspection.ts';
import type { ClusterManager } from './upstream/cluster-manager.ts';
import { withIdleClusters } from './upstream/idle-cluster-stats.ts';

/** What the admin interface looks at. */
export interface AdminSources {
  readonly api: XdsApi;
  readonly version: string;
  readonly commandLineOptions: Readonly<Record<string, unknown>>;
  readonly bootstrap: Bootstrap;
  readonly loadedAt: number;
  readonly server: ServerStatus;
  readonly stats: StatsReader;
  /** Makes known to `stats` what the main thread has just begun to count. */
  declareStats(): void;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly routeTables: RouteTables;
  readonly secrets: Pick<Secrets, 'inspect' | 'daysUntilFirstExpiry'>;
  /** Of ADS and of every other source. */
  typeStatuses(): readonly TypeStatus[];
  readonly savedConfig: Pick<SavedConfig, 'inspect'> | undefined;
  threads(): Promise<readonly ThreadReport[]>;
  readonly control: ProxyControl;
}

/** What CSDS tells: of every stream. */
export function clientStatusOf({ api, bootstrap, typeStatuses }: AdminSources): ClientStatusView {
  return {
    node: api.decode('envoy.config.core.v3.Node', bootstrap.node.bytes),
    types: () => typeStatuses(),
  };
}

/** Joins the admin interface to the parts of the proxy: read-only views, and the control that it may use. */
export function createAdminEndpoints(sources: AdminSources): AdminEndpoint[] {
  const { api, bootstrap, clusters, listeners, server } = sources;
  const node = toProtoJson(
    api,
    'envoy.config.core.v3.Node',
    api.decode('envoy.config.core.v3.Node', bootstrap.node.bytes),
    { spelling: 'proto' },
  );
  return [
    ...createServerEndpoints({
      get state() {
        return server.state;
      },
      get uptimeSeconds() {
        return server.uptimeSeconds;
      },
      version: sources.version,
      commandLineOptions: sources.commandLineOptions,
      node,
      listeners: () =>
        listeners
          .inspect()
          .flatMap(({ name, boundAddress }) =>
            boundAddress === undefined ? [] : [{ name, address: boundAddress }],
          ),
    }),
    createClientStatusEndpoint(api, clientStatusOf(sources)),
    createSavedConfigEndpoint(() => sources.savedConfig?.inspect()),
    createThreadsEndpoint(() => sources.threads()),
    ...createStatsEndpoints(refreshing(sources)),
    createClustersEndpoint(() => clusters.inspect().filter(({ state }) => state === 'active')),
    createConfigDumpEndpoint(api, createConfigDumpView(sources)),
    ...createControlEndpoints(sources.control),
  ];
}

/** Statistics that are only worth their computation when somebody reads them. */
function refreshing({ stats, declareStats, server, clusters, secrets }: AdminSources): StatsReader {
  return {
    ...stats,
    list() {
      server.refreshStats(secrets.daysUntilFirstExpiry());
      clusters.refreshStats();
      declareStats();
      return withIdleClusters(stats.list(), clusters.activeStatNames());
    },
  };
}
