import { Counter, Gauge, type Registry as MetricsRegistry } from 'prom-client';
import type { Registry } from './registry/registry.ts';
import type { SnapshotCache } from './snapshot/snapshot-cache.ts';
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
  return {
    onStream: (variant, change) => streams.inc({ variant }, change),
    onSent(typeUrl, sizeBytes) {
      const type = shortTypeOf(typeUrl);
      responses.inc({ type });
      bytes.inc({ type }, sizeBytes);
    },
    onAcknowledged: (typeUrl) => acknowledged.inc({ type: shortTypeOf(typeUrl) }),
    onRefused: (typeUrl) => refused.inc({ type: shortTypeOf(typeUrl) }),
  };
}

/** Read when /metrics is asked for. */
export function declareStateMetrics(
  metrics: MetricsRegistry,
  registry: Registry,
  snapshots: SnapshotCache,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        this.set(read());
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
  gauge(
    'heddle_registry_refills',
    'How often this control plane gave a store back what it had lost, since the start.',
    () => {
      const status = registry.status();
      return 'lastRefill' in status ? status.lastRefill.count : 0;
    },
  );
  gauge(
    'heddle_snapshot_publishes',
    'Meshes that were published since the start.',
    () => snapshots.status.publishCount,
  );
  gauge(
    'heddle_snapshot_rejected',
    'Candidates that were dropped since the start because they were not consistent or not valid.',
    () => snapshots.status.rejectedCount,
  );
}

/** `Cluster` for the type URL of clusters. Unknown types share one label, since clients choose them. */
function shortTypeOf(typeUrl: string): string {
  if (!typeUrl.startsWith('type.googleapis.com/envoy.')) return 'other';
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
