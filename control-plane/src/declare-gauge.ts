import { Gauge, type Registry as MetricsRegistry } from 'prom-client';

/** A gauge without labels that is read when /metrics is asked for. */
export function declareGauge(metrics: MetricsRegistry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [metrics],
    collect() {
      this.set(read());
    },
  });
}
