import { formatProblem } from '@heddle/shared/errors/problem';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { AdminSources } from './admin-endpoints.ts';
import { clientStatuses } from './admin/client-status.ts';
import type { ConfigDumpView, DumpedResource, ListenerDump } from './admin/config-dump-endpoint.ts';
import type { ResourceStatus, TypeStatus } from './config/ads/ads-status.ts';
import type { ListenerState } from './downstream/listener/listener-manager.ts';
import type { ClusterInspection } from './upstream/cluster-inspection.ts';

/** How a resource stands with the control plane, by name; nothing for what did not come from it. */
type Standing = (name: string) => Pick<DumpedResource, 'clientStatus' | 'error'>;

/** What `/config_dump` prints: what the managers serve, with what the xDS client says of it. */
export function createConfigDumpView(sources: AdminSources): ConfigDumpView {
  const { bootstrap, clusters, listeners, routeTables, secrets, typeStatuses } = sources;
  return {
    bootstrap: { bytes: () => bootstrap.wire.bootstrap(), loadedAt: sources.loadedAt },
    clusters() {
      const all = clusters.inspect();
      const statuses = typeStatuses();
      const standing = standingOf(statuses, typeUrls.cluster);
      const dump = (wanted: ClusterInspection['state']): DumpedResource[] =>
        all.filter(({ state }) => state === wanted).map((cluster) => dumpCluster(cluster, standing));
      const { version = '' } =
        statuses.find((type) => type.typeUrl === typeUrls.cluster && type.version !== '') ?? {};
      return { version, active: dump('active'), warming: dump('warming') };
    },
    endpoints: () => dumpEndpoints(typeStatuses()),
    listeners() {
      const standing = standingOf(typeStatuses(), typeUrls.listener);
      return {
        version: listeners.systemVersion,
        listeners: listeners.inspect().map((listener) => dumpListener(listener, standing)),
      };
    },
    routes() {
      const standing = standingOf(typeStatuses(), typeUrls.routeConfiguration);
      return routeTables.inspect().flatMap(({ active, activeSince }) => {
        if (active === undefined) return [];
        const { name, version, bytes } = active;
        return [{ name, version, bytes, updatedAt: activeSince, isStatic: false, ...standing(name) }];
      });
    },
    secrets() {
      const standing = standingOf(typeStatuses(), typeUrls.secret);
      return {
        static: bootstrap.staticSecrets.map(({ value, bytes }) => ({ name: value.name, bytes })),
        dynamic: secrets.inspect().map(({ name, active, updatedAt }) => ({
          name,
          updatedAt,
          ...(active === undefined ? {} : { version: active.version, bytes: active.bytes }),
          ...standing(name),
        })),
      };
    },
  };
}

function standingOf(statuses: readonly TypeStatus[], typeUrl: string): Standing {
  const byName = new Map(resourcesOf(statuses, typeUrl).map((resource) => [resource.name, resource]));
  return (name) => {
    const resource = byName.get(name);
    if (resource === undefined) return {};
    const { state, error } = resource;
    return {
      clientStatus: clientStatuses[state],
      ...(error && {
        error: {
          version: error.version,
          message: error.problems.map(formatProblem).join('; '),
          at: error.at,
        },
      }),
    };
  };
}

function dumpCluster(
  { name, version, bytes, updatedAt, isStatic }: ClusterInspection,
  standing: Standing,
): DumpedResource {
  return { name, version, bytes, updatedAt, isStatic, ...(isStatic ? {} : standing(name)) };
}

function dumpListener(
  { name, isStatic, active, warming, boundAddress, updatedAt, error }: ListenerState,
  standing: Standing,
): ListenerDump {
  const dump = (resource: ListenerState['active']): DumpedResource | undefined =>
    resource === undefined
      ? undefined
      : { name, isStatic, updatedAt, version: resource.version, bytes: resource.bytes };
  const { clientStatus, error: refusal }: ReturnType<Standing> = isStatic ? {} : standing(name);
  return {
    name,
    isStatic,
    boundAddress,
    active: dump(active),
    warming: dump(warming),
    clientStatus,
    error: error === undefined ? refusal : { version: warming?.version ?? '', ...error },
  };
}

function dumpEndpoints(statuses: readonly TypeStatus[]): DumpedResource[] {
  const typeUrl = typeUrls.clusterLoadAssignment;
  const standing = standingOf(statuses, typeUrl);
  return resourcesOf(statuses, typeUrl).flatMap(({ name, version, bytes, updatedAt }) =>
    bytes === undefined ? [] : [{ name, version, bytes, updatedAt, isStatic: false, ...standing(name) }],
  );
}

/** Of all streams. */
function resourcesOf(statuses: readonly TypeStatus[], typeUrl: string): ResourceStatus[] {
  return statuses.filter((type) => type.typeUrl === typeUrl).flatMap(({ resources }) => resources);
}
