import { Counter, Gauge, Histogram, type Registry as MetricsRegistry } from 'prom-client';
import { declareGauge } from './declare-gauge.ts';
import type { Registry } from './registry/registry.ts';
import type { SnapshotCache } from './snapshot/snapshot-cache.ts';
import type { NodeStatusBoard } from './xds/node-status.ts';
import type { XdsMetrics } from './xds/xds-metrics.ts';

/** Declares the counters of the xDS server. */
export function createXdsMetrics(registry: MetricsRegistry): XdsMetrics {
  const registers = [registry];
  const streams = new Gauge({
    name: 'heddle_xds_streams',
    help: 'Open ADS streams.',
    labelNames: ['variant'],
    registers,
  });
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['type'], registers });
  const responses = counter('heddle_xds_responses_total', 'Responses sent, by resource type.');
  const bytes = counter('heddle_xds_response_bytes_total', 'Bytes of the responses sent, by resource type.');
  const acknowledged = counter('heddle_xds_acks_total', 'Responses that proxies accepted, by resource type.');
  const refused = counter('heddle_xds_nacks_total', 'Responses that proxies refused, by resource type.');
  const answerTimes = new Histogram({
    name: 'heddle_xds_answer_duration_seconds',
    help: 'Time from a response to the answer of the proxy, accepted or refused, by resource type.',
    labelNames: ['type'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  });
  const loads = new Counter({
    name: 'heddle_load_requests_total',
    help: 'Requests to services that proxies report (LRS), by result: success, error, dropped.',
    labelNames: ['result'],
    registers,
  });
  const onAnswer =
    (answers: Counter) =>
    (typeUrl: string, durationMs: number): void => {
      const type = shortTypeOf(typeUrl);
      answers.inc({ type });
      answerTimes.observe({ type }, durationMs / 1000);
    };
  return {
    onStream: (variant, change) => streams.inc({ variant }, change),
    onSent(typeUrl, sizeBytes) {
      const type = shortTypeOf(typeUrl);
      responses.inc({ type });
      bytes.inc({ type }, sizeBytes);
    },
    onAcknowledged: onAnswer(acknowledged),
    onRefused: onAnswer(refused),
    onLoad({ successCount, errorCount, droppedCount }) {
      loads.inc({ result: 'success' }, successCount);
      loads.inc({ result: 'error' }, errorCount);
      loads.inc({ result: 'dropped' }, droppedCount);
    },
  };
}

/** What is read when /metrics is asked for. */
export interface StateSource {
  readonly registry: Pick<Registry, 'status' | 'held'>;
  readonly snapshots: Pick<SnapshotCache, 'status'>;
  readonly nodes: Pick<NodeStatusBoard, 'countByState' | 'lagMs'>;
}

export function declareStateMetrics(
  metrics: MetricsRegistry,
  { registry, snapshots, nodes }: StateSource,
): void {
  const registers = [metrics];
  const gauge = (name: string, help: string, read: () => number): void =>
    declareGauge(metrics, name, help, read);
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  gauge('heddle_registry_available', '1 while the registry can be written, else 0.', () =>
    registry.status().kind === 'available' ? 1 : 0,
  );
  gauge(
    'heddle_registry_held_instances',
    'Instances whose leases ran out and that are kept, because most of their service would go at once.',
    () => registry.held().reduce((count, { instances }) => count + instances.length, 0),
  );
  counter(
    'heddle_registry_refills_total',
    'How often this control plane gave a store back what it had lost, since the start.',
    () => {
      const status = registry.status();
      return 'lastRefill' in status ? status.lastRefill.count : 0;
    },
  );
  counter(
    'heddle_snapshot_publishes_total',
    'Meshes that were published since the start.',
    () => snapshots.status.publishCount,
  );
  counter(
    'heddle_snapshot_rejected_total',
    'Candidates that were dropped since the start because they were not consistent or not valid.',
    () => snapshots.status.rejectedCount,
  );
  new Gauge({
    name: 'heddle_xds_proxies',
    help: 'Connected proxies: synced, stale (something was sent or waits and is not acknowledged) or refused.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(nodes.countByState())) this.set({ state }, count);
    },
  });
  gauge(
    'heddle_xds_convergence_lag_seconds',
    'How long the connected proxy that is furthest behind has owed an answer; 0 when all have answered.',
    () => nodes.lagMs() / 1000,
  );
}

/** `Cluster` for the type URL of clusters. Unknown types share one label, since clients choose them. */
function shortTypeOf(typeUrl: string): string {
  if (!typeUrl.startsWith('type.googleapis.com/envoy.')) return 'other';
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
