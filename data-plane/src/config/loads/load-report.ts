import type { ClusterStats } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import type { Locality } from '../model/locality.ts';

/** One cluster as it is now; counts grow from the beginning of the object that holds them. */
export interface LoadedCluster {
  readonly name: string;
  /** Under which its endpoints are discovered, if it is another name. */
  readonly serviceName: string;
  /** The object whose counts these are: a changed cluster begins anew. */
  readonly identity: object;
  /** Requests for which there was no room. */
  readonly droppedCount: number;
  readonly hosts: readonly LoadedHost[];
}

export interface LoadedHost {
  /** Of one cluster's hosts, no two have the same. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly locality: Locality;
  readonly priority: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly issuedCount: number;
  readonly activeCount: number;
}

/** What a server asks for. */
export interface LoadRequest {
  readonly isForAll: boolean;
  readonly clusters: ReadonlySet<string>;
  readonly hasEndpoints: boolean;
}

interface Counts {
  readonly successCount: number;
  readonly errorCount: number;
  readonly issuedCount: number;
}

interface Baseline {
  readonly sinceMs: number;
  readonly identity: object;
  readonly droppedCount: number;
  readonly hosts: ReadonlyMap<string, Counts>;
}

type LocalityStats = {
  -readonly [K in keyof NonNullable<MessageInit<ClusterStats>['upstreamLocalityStats']>[number]]: NonNullable<
    MessageInit<ClusterStats>['upstreamLocalityStats']
  >[number][K];
};

const noCounts: Counts = { successCount: 0, errorCount: 0, issuedCount: 0 };

/**
 * The load since the last report, from counts that only grow. A cluster counts from the moment it is asked for; one that
 * is no longer asked for is forgotten.
 */
export class LoadReport {
  readonly #baselines = new Map<string, Baseline>();
  /** When it was asked or taken last: a cluster that comes meanwhile counts since then. */
  #lastMs = 0;

  /** Begins to count what is newly asked for. */
  begin(clusters: readonly LoadedCluster[], request: LoadRequest, nowMs: number): void {
    this.#lastMs = nowMs;
    const asked = clusters.filter((cluster) => isAsked(cluster, request));
    const names = new Set(asked.map(({ name }) => name));
    for (const name of this.#baselines.keys()) if (!names.has(name)) this.#baselines.delete(name);
    for (const cluster of asked)
      if (!this.#baselines.has(cluster.name)) this.#baselines.set(cluster.name, toBaseline(cluster, nowMs));
  }

  /** What happened since; the next report begins here. */
  take(clusters: readonly LoadedCluster[], request: LoadRequest, nowMs: number): MessageInit<ClusterStats>[] {
    const reports: MessageInit<ClusterStats>[] = [];
    const present = new Set<string>();
    for (const cluster of clusters) {
      if (!isAsked(cluster, request)) continue;
      present.add(cluster.name);
      const baseline = this.#baselines.get(cluster.name);
      const sinceMs = baseline?.sinceMs ?? this.#lastMs;
      reports.push(toStats(cluster, baseline, request.hasEndpoints, nowMs - sinceMs));
      this.#baselines.set(cluster.name, toBaseline(cluster, nowMs));
    }
    for (const name of this.#baselines.keys()) if (!present.has(name)) this.#baselines.delete(name);
    this.#lastMs = nowMs;
    return reports;
  }
}

function isAsked({ name }: LoadedCluster, { isForAll, clusters }: LoadRequest): boolean {
  return isForAll || clusters.has(name);
}

function toBaseline({ identity, droppedCount, hosts }: LoadedCluster, nowMs: number): Baseline {
  return { sinceMs: nowMs, identity, droppedCount, hosts: new Map(hosts.map((host) => [host.label, host])) };
}

function toStats(
  cluster: LoadedCluster,
  baseline: Baseline | undefined,
  hasEndpoints: boolean,
  durationMs: number,
): MessageInit<ClusterStats> {
  const isSame = baseline?.identity === cluster.identity;
  const localities = new Map<string, LocalityStats>();
  for (const host of cluster.hosts) {
    const before = (isSame ? baseline.hosts.get(host.label) : undefined) ?? noCounts;
    const load = {
      totalSuccessfulRequests: grown(host.successCount, before.successCount),
      totalErrorRequests: grown(host.errorCount, before.errorCount),
      totalIssuedRequests: grown(host.issuedCount, before.issuedCount),
      totalRequestsInProgress: host.activeCount,
    };
    // As in Envoy, what had nothing to do is not listed.
    if (Object.values(load).every((count) => count === 0)) continue;
    addHost(localities, host, load, hasEndpoints);
  }
  return {
    clusterName: cluster.name,
    ...(cluster.serviceName === cluster.name ? {} : { clusterServiceName: cluster.serviceName }),
    upstreamLocalityStats: [...localities.values()],
    totalDroppedRequests: grown(cluster.droppedCount, baseline?.droppedCount ?? 0),
    loadReportInterval: fromMs(Math.round(durationMs)),
  };
}

type Load = Record<
  'totalSuccessfulRequests' | 'totalErrorRequests' | 'totalIssuedRequests' | 'totalRequestsInProgress',
  number
>;

function addHost(
  localities: Map<string, LocalityStats>,
  { locality, priority, address, port }: LoadedHost,
  load: Load,
  hasEndpoints: boolean,
): void {
  const key = JSON.stringify([priority, locality]);
  const known = localities.get(key);
  const endpoint = { address: { socketAddress: { address, portValue: port } }, ...load };
  const endpoints = [...(known?.upstreamEndpointStats ?? []), ...(hasEndpoints ? [endpoint] : [])];
  localities.set(key, {
    locality,
    priority,
    totalSuccessfulRequests: (known?.totalSuccessfulRequests ?? 0) + load.totalSuccessfulRequests,
    totalErrorRequests: (known?.totalErrorRequests ?? 0) + load.totalErrorRequests,
    totalIssuedRequests: (known?.totalIssuedRequests ?? 0) + load.totalIssuedRequests,
    totalRequestsInProgress: (known?.totalRequestsInProgress ?? 0) + load.totalRequestsInProgress,
    upstreamEndpointStats: endpoints,
  });
}

/** A count that is smaller than before began anew: counters were reset, or the host came back. */
function grown(now: number, before: number): number {
  return now >= before ? now - before : now;
}
