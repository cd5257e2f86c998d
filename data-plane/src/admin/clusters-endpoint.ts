import { compileRegex } from '@heddle/shared/lang/regex';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { CircuitBreakerThresholds, Cluster } from '../config/model/cluster.ts';
import { toAddressJson } from '../config/model/address.ts';
import { hostFlag } from '../config/model/cluster-update.ts';
import type { Locality } from '../config/model/locality.ts';
import { jsonAnswer, textAnswer, type AdminEndpoint } from './admin-server.ts';

/** An active cluster as `/clusters` prints it. */
export interface ClusterView {
  readonly name: string;
  readonly cluster: Cluster;
  readonly isStatic: boolean;
  readonly hosts: readonly HostView[];
}

export interface HostView {
  /** `ip:port`. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  /** `HostFlag` bits. */
  readonly flags: number;
  /** As text: `healthy`, `/failed_active_hc`. */
  readonly healthFlags: string;
  readonly weight: number;
  readonly locality: Locality;
  readonly priority: number;
  readonly isCanary: boolean;
  readonly stats: Readonly<Record<string, number>>;
}

/** `/clusters`: settings and hosts of every active cluster, as text or JSON. */
export function createClustersEndpoint(clusters: () => readonly ClusterView[]): AdminEndpoint {
  return {
    path: '/clusters',
    help: 'print the clusters and their hosts (?format=json, ?filter=regex)',
    isMutating: false,
    handle(query) {
      let selected = clusters();
      const filter = query.get('filter');
      if (filter !== null) {
        try {
          const regex = compileRegex(filter);
          selected = selected.filter(({ name }) => regex.matchesPartially(name));
        } catch (error) {
          return textAnswer(`filter '${filter}' is not a regular expression: ${messageOf(error)}\n`, 400);
        }
      }
      if (query.get('format') === 'json') return jsonAnswer({ cluster_statuses: selected.map(toJson) });
      return textAnswer(selected.map(formatCluster).join(''));
    },
  };
}

/** Order of the figures in the text; the rest follows. */
const statOrder = [
  'cx_active',
  'cx_connect_fail',
  'cx_total',
  'rq_active',
  'rq_error',
  'rq_success',
  'rq_timeout',
  'rq_total',
  'rq_pending_active',
];

function formatCluster({ name, cluster, isStatic, hosts }: ClusterView): string {
  const lines: [key: string, value: string | number | boolean][] = [
    ['observability_name', cluster.statName],
    ...thresholdLines('default_priority', cluster.circuitBreakers.default),
    ...thresholdLines('high_priority', cluster.circuitBreakers.high),
    ['added_via_api', !isStatic],
  ];
  if (cluster.discovery.kind === 'eds') lines.push(['eds_service_name', cluster.discovery.serviceName]);
  for (const host of hosts) {
    for (const stat of statOrder) lines.push([`${host.label}::${stat}`, host.stats[stat] ?? 0]);
    lines.push(
      [`${host.label}::hostname`, host.hostname],
      [`${host.label}::health_flags`, host.healthFlags],
      [`${host.label}::weight`, host.weight],
      [`${host.label}::region`, host.locality.region],
      [`${host.label}::zone`, host.locality.zone],
      [`${host.label}::sub_zone`, host.locality.subZone],
      [`${host.label}::canary`, host.isCanary],
      [`${host.label}::priority`, host.priority],
      [`${host.label}::success_rate`, -1],
      [`${host.label}::local_origin_success_rate`, -1],
    );
  }
  return lines.map(([key, value]) => `${name}::${key}::${value}\n`).join('');
}

function thresholdLines(priority: string, thresholds: CircuitBreakerThresholds): [string, number][] {
  return [
    [`${priority}::max_connections`, thresholds.maxConnections],
    [`${priority}::max_pending_requests`, thresholds.maxPendingRequests],
    [`${priority}::max_requests`, thresholds.maxRequests],
    [`${priority}::max_retries`, thresholds.maxRetries],
  ];
}

function toJson({ name, cluster, isStatic, hosts }: ClusterView): unknown {
  const thresholds = (priority: string, values: CircuitBreakerThresholds): unknown => ({
    ...(priority === 'DEFAULT' ? {} : { priority }),
    max_connections: values.maxConnections,
    max_pending_requests: values.maxPendingRequests,
    max_requests: values.maxRequests,
    max_retries: values.maxRetries,
  });
  return {
    name,
    ...(isStatic ? {} : { added_via_api: true }),
    ...(hosts.length === 0 ? {} : { host_statuses: hosts.map(hostToJson) }),
    circuit_breakers: {
      thresholds: [
        thresholds('DEFAULT', cluster.circuitBreakers.default),
        thresholds('HIGH', cluster.circuitBreakers.high),
      ],
    },
    observability_name: cluster.statName,
    ...(cluster.discovery.kind === 'eds' ? { eds_service_name: cluster.discovery.serviceName } : {}),
  };
}

function hostToJson(host: HostView): unknown {
  const { locality } = host;
  return {
    address: toAddressJson(host),
    stats: Object.entries(host.stats).map(([name, value]) => ({
      ...(name.endsWith('_active') ? { type: 'GAUGE' } : {}),
      // A value of 0 is a default, which Envoy's JSON leaves out.
      ...(value === 0 ? {} : { value: String(value) }),
      name,
    })),
    health_status: healthToJson(host.flags),
    weight: host.weight,
    ...(host.hostname === '' ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    locality: {
      ...(locality.region === '' ? {} : { region: locality.region }),
      ...(locality.zone === '' ? {} : { zone: locality.zone }),
      ...(locality.subZone === '' ? {} : { sub_zone: locality.subZone }),
    },
  };
}

function healthToJson(flags: number): unknown {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const named: [string, boolean][] = [
    ['failed_active_health_check', has(hostFlag.failedActiveHealthCheck)],
    ['failed_outlier_check', has(hostFlag.failedOutlierCheck)],
    ['failed_active_degraded_check', has(hostFlag.degradedActiveHealthCheck)],
    ['pending_dynamic_removal', has(hostFlag.pendingDynamicRemoval)],
    ['pending_active_hc', has(hostFlag.pendingActiveHealthCheck)],
    ['excluded_via_immediate_hc_fail', has(hostFlag.excludedViaImmediateHealthCheckFail)],
    ['active_hc_timeout', has(hostFlag.activeHealthCheckTimeout)],
  ];
  return {
    ...Object.fromEntries(named.filter(([, isSet]) => isSet)),
    eds_health_status: edsHealthOf(has),
  };
}

function edsHealthOf(has: (flag: number) => boolean): string {
  if (has(hostFlag.failedEdsHealth)) return 'UNHEALTHY';
  if (has(hostFlag.edsStatusDraining)) return 'DRAINING';
  return has(hostFlag.degradedEdsHealth) ? 'DEGRADED' : 'HEALTHY';
}
