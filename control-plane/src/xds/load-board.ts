import type { ClusterStats } from '@heddle/shared/xds/api';
import type { Clock } from '@heddle/shared/time/clock';
import { toMs } from '@heddle/shared/xds/milliseconds';

/** What proxies reported of one cluster; totals count since this control plane started. */
export interface ClusterLoad {
  readonly cluster: string;
  readonly issuedCount: number;
  readonly successCount: number;
  readonly errorCount: number;
  /** Requests for which there was no room or no host. */
  readonly droppedCount: number;
  /** Of the last reports of all proxies that report now. */
  readonly inProgressCount: number;
  readonly requestsPerSecond: number;
  readonly proxyCount: number;
  /** Epoch ms. */
  readonly reportedAt: number;
}

type Totals = {
  -readonly [K in 'issuedCount' | 'successCount' | 'errorCount' | 'droppedCount']: ClusterLoad[K];
};

interface Entry extends Totals {
  reportedAt: number;
  /** Last report of each stream. */
  readonly latest: Map<object, { readonly inProgressCount: number; readonly requestsPerSecond: number }>;
}

/** Names come from clients: of more clusters than this nothing is kept. */
const maxClusterCount = 20_000;

/** The loads that proxies report, added up by cluster. */
export class LoadBoard {
  readonly #clock: Clock;
  readonly #onReported: (totals: Readonly<Totals>) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, onReported: (totals: Readonly<Totals>) => void) {
    this.#clock = clock;
    this.#onReported = onReported;
  }

  /** `stream`: whoever reports; its reports follow each other. */
  report(stream: object, { clusterName, ...stats }: ClusterStats): void {
    const entry = this.#open(clusterName);
    if (entry === undefined) return;
    const localities = stats.upstreamLocalityStats;
    const sum = (pick: (one: (typeof localities)[number]) => number): number =>
      localities.reduce((total, one) => total + pick(one), 0);
    const totals: Totals = {
      issuedCount: sum((one) => one.totalIssuedRequests),
      successCount: sum((one) => one.totalSuccessfulRequests),
      errorCount: sum((one) => one.totalErrorRequests),
      droppedCount: stats.totalDroppedRequests,
    };
    entry.issuedCount += totals.issuedCount;
    entry.successCount += totals.successCount;
    entry.errorCount += totals.errorCount;
    entry.droppedCount += totals.droppedCount;
    entry.reportedAt = this.#clock.now();
    const intervalMs = stats.loadReportInterval === undefined ? 0 : toMs(stats.loadReportInterval);
    entry.latest.set(stream, {
      inProgressCount: sum((one) => one.totalRequestsInProgress),
      requestsPerSecond: intervalMs === 0 ? 0 : (totals.issuedCount * 1000) / intervalMs,
    });
    this.#onReported(totals);
  }

  /** The stream reports no more. */
  forget(stream: object): void {
    for (const { latest } of this.#entries.values()) latest.delete(stream);
  }

  /** By name. */
  list(): ClusterLoad[] {
    return [...this.#entries].map(([cluster, entry]) => toLoad(cluster, entry)).sort(byCluster);
  }

  #open(cluster: string): Entry | undefined {
    let entry = this.#entries.get(cluster);
    if (entry !== undefined) return entry;
    if (this.#entries.size >= maxClusterCount) return undefined;
    const totals = { issuedCount: 0, successCount: 0, errorCount: 0, droppedCount: 0 };
    entry = { ...totals, reportedAt: 0, latest: new Map() };
    this.#entries.set(cluster, entry);
    return entry;
  }
}

function toLoad(cluster: string, { latest, ...totals }: Entry): ClusterLoad {
  const now = [...latest.values()];
  return {
    cluster,
    ...totals,
    inProgressCount: now.reduce((sum, one) => sum + one.inProgressCount, 0),
    requestsPerSecond: now.reduce((sum, one) => sum + one.requestsPerSecond, 0),
    proxyCount: now.length,
  };
}

function byCluster(a: ClusterLoad, b: ClusterLoad): number {
  return a.cluster < b.cluster ? -1 : 1;
}
