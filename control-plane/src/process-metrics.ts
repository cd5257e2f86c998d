import type { Registry as MetricsRegistry } from 'prom-client';
import { declareGauge } from './declare-gauge.ts';

/** What the process holds, read when /metrics is asked for; under the names that Prometheus clients use. */
export function declareProcessMetrics(metrics: MetricsRegistry, timerCount: () => number): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    declareGauge(metrics, name, help, read);
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  gauge(
    'nodejs_heap_size_used_bytes',
    'Bytes of the heap that objects use, or used until the next collection.',
    () => process.memoryUsage().heapUsed,
  );
  gauge(
    'nodejs_external_memory_bytes',
    'Bytes outside the heap that belong to its objects.',
    () => process.memoryUsage().external,
  );
  gauge('heddle_timers', 'Timers that are set.', timerCount);
}
