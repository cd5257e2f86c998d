import { Registry as MetricsRegistry } from 'prom-client';
import { createXdsMetrics, declareStateMetrics } from './metrics.ts';
import { declareProcessMetrics } from './process-metrics.ts';
import { createRestMetrics } from './rest/rest-metrics.ts';

/** One metric of `/metrics`, as the reference page lists it. */
export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
}

/** Every metric of the control plane, in the order in which the composition root declares them. */
export function describeMetrics(): MetricRow[] {
  const metrics = new MetricsRegistry();
  // Nothing is read: the sources are asked when somebody collects, which nobody does here.
  const unread = (): never => {
    throw new Error('only described');
  };
  declareStateMetrics(metrics, {
    registry: { status: unread, held: unread },
    snapshots: {
      get status() {
        return unread();
      },
    },
    nodes: { countByState: unread, lagMs: unread },
  });
  declareProcessMetrics(metrics, unread);
  createRestMetrics(metrics);
  createXdsMetrics(metrics);
  return metrics.getMetricsAsArray().map((metric) => ({
    name: metric.name,
    type: String(metric.type),
    labels: 'labelNames' in metric ? (metric.labelNames as string[]) : [],
    meaning: metric.help,
  }));
}
