import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { toProtoJson } from '@heddle/shared/xds/proto-json';
import type { AdminEndpoint } from './admin/admin-server.ts';
import { createClustersEndpoint } from './admin/clusters-endpoint.ts';
import { createConfigDumpEndpoint, type DumpedResource } from './admin/config-dump-endpoint.ts';
import { createControlEndpoints, type ProxyControl } from './admin/control-endpoints.ts';
import { createSavedConfigEndpoint } from './admin/saved-config-endpoint.ts';
import { createServerEndpoints } from './admin/server-endpoints.ts';
import { createStatsEndpoints } from './admin/stats-endpoints.ts';
import { createThreadsEndpoint } from './admin/threads-endpoint.ts';
import type { TypeStatus } from './config/ads/ads-status.ts';
import type { Bootstrap } from './config/model/bootstrap.ts';
import type { RouteTables } from './config/route-tables.ts';
import type { SavedConfig } from './config/saved/saved-config.ts';
import type { ListenerManager, ListenerState } from './downstream/listener/listener-manager.ts';
import type { Secrets } from './secrets.ts';
import type { ServerStatus } from './server-state.ts';
import type { StatsReader } from './stats/stats-reader.ts';
import type { ThreadReport } from './thread-inspection.ts';
import type { ClusterInspection } from './upstream/cluster-inspection.ts';
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
    createSavedConfigEndpoint(() => sources.savedConfig?.inspect()),
    createThreadsEndpoint(() => sources.threads()),
    ...createStatsEndpoints(refreshing(sources)),
    createClustersEndpoint(() => clusters.inspect().filter(({ state }) => state === 'active')),
    createConfigDumpEndpoint(api, {
      bootstrap: { bytes: () => bootstrap.wire.bootstrap(), loadedAt: sources.loadedAt },
      clusters: () => {
        const all = clusters.inspect();
        return {
          version: versionOf(sources.typeStatuses(), typeUrls.cluster),
          active: all.filter(({ state }) => state === 'active').map(dumpCluster),
          warming: all.filter(({ state }) => state === 'warming').map(dumpCluster),
        };
      },
      endpoints: () => dumpEndpoints(sources.typeStatuses()),
      listeners: () => ({
        version: listeners.systemVersion,
        listeners: listeners.inspect().map(dumpListener),
      }),
      routes: () =>
        sources.routeTables.inspect().flatMap(({ active, activeSince }) => {
          if (active === undefined) return [];
          const { name, version, bytes } = active;
          return [{ name, version, bytes, updatedAt: activeSince, isStatic: false }];
        }),
      secrets: () => ({
        static: bootstrap.staticSecrets.map(({ value, bytes }) => ({ name: value.name, bytes })),
        dynamic: sources.secrets.inspect().map(({ name, active, updatedAt }) => ({
          name,
          updatedAt,
          ...(active === undefined ? {} : { version: active.version, bytes: active.bytes }),
        })),
      }),
    }),
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

function dumpCluster({ name, version, bytes, updatedAt, isStatic }: ClusterInspection): DumpedResource {
  return { name, version, bytes, updatedAt, isStatic };
}

function dumpListener({ name, isStatic, active, warming, boundAddress, updatedAt, error }: ListenerState): {
  name: string;
  isStatic: boolean;
  active: DumpedResource | undefined;
  warming: DumpedResource | undefined;
  boundAddress: ListenerState['boundAddress'];
  error: DumpedResource['error'];
} {
  const dump = (resource: ListenerState['active']): DumpedResource | undefined =>
    resource === undefined
      ? undefined
      : { name, isStatic, updatedAt, version: resource.version, bytes: resource.bytes };
  return {
    name,
    isStatic,
    boundAddress,
    active: dump(active),
    warming: dump(warming),
    error: error === undefined ? undefined : { version: warming?.version ?? '', ...error },
  };
}

function dumpEndpoints(statuses: readonly TypeStatus[]): DumpedResource[] {
  const assignments = statuses.filter(({ typeUrl }) => typeUrl === typeUrls.clusterLoadAssignment);
  return assignments
    .flatMap(({ resources }) => resources)
    .flatMap(({ name, version, bytes, updatedAt }) =>
      bytes === undefined ? [] : [{ name, version, bytes, updatedAt, isStatic: false }],
    );
}

function versionOf(statuses: readonly TypeStatus[], typeUrl: string): string {
  return statuses.find((type) => type.typeUrl === typeUrl && type.version !== '')?.version ?? '';
}
