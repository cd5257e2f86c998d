import type { Clock } from '@heddle/shared/time/clock';
import type { ServerState } from './admin/server-endpoints.ts';
import { describeStats } from './stats/describe-stats.ts';
import type { StatsScope } from './stats/stats.ts';

export const serverStats = describeStats(['server.'], (make) => ({
  live: make.gauge('live', '1 unless the process drains or was told to fail its health check.', '0 or 1'),
  state: make.gauge('state', '0 live, 1 draining, 2 before its clusters are ready, 3 initialising.', 'state'),
  version: make.gauge('version', 'Version of Heddle as a number: 1002003 for 1.2.3.', 'version'),
  uptime: make.gauge('uptime', 'Time since the start.', 's'),
  concurrency: make.gauge('concurrency', 'Worker threads.', 'threads'),
  workerDeaths: make.counter('worker_deaths', 'Worker threads that died; each was started again.'),
  memoryAllocated: make.gauge('memory_allocated', 'Memory in use on the heap and by buffers.', 'bytes'),
  memoryHeapSize: make.gauge('memory_heap_size', 'Memory reserved for the heap.', 'bytes'),
  memoryPhysicalSize: make.gauge('memory_physical_size', 'Resident memory of the process.', 'bytes'),
  daysUntilFirstCertExpiring: make.gauge(
    'days_until_first_cert_expiring',
    'Days until the first certificate or authority in use expires; 4294967295 without any.',
    'days',
  ),
  initializationTime: make.histogram(
    'initialization_time_ms',
    'Time from the start until the process was live.',
    'ms',
  ),
}));

/** The state of the process, and its statistics under `server.`. Main thread only. */
export interface ServerStatus {
  state: ServerState;
  /** `/healthcheck/fail` was asked for. */
  isHealthFailed: boolean;
  readonly uptimeSeconds: number;
  /** Counts a worker thread that ended without being asked to. */
  onWorkerDied(): void;
  /** Brings `server.*` up to date; before statistics are read. */
  refreshStats(daysUntilFirstCertExpires: number): void;
}

const stateNumbers: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

export interface ServerStatusOptions {
  readonly clock: Clock;
  readonly stats: StatsScope;
  readonly concurrency: number;
  /** Three numbers with dots between them. */
  readonly version: string;
}

export function createServerStatus({
  clock,
  stats,
  concurrency,
  version,
}: ServerStatusOptions): ServerStatus {
  const startedMs = clock.monotonicMs();
  const figures = serverStats.create(stats.scope('server.'));
  figures.concurrency.set(concurrency);
  figures.version.set(toNumber(version));
  let current: ServerState = 'PRE_INITIALIZING';
  let isHealthFailed = false;

  const uptimeMs = (): number => clock.monotonicMs() - startedMs;

  return {
    get state() {
      return current === 'LIVE' && isHealthFailed ? 'DRAINING' : current;
    },
    set state(next) {
      if (next === 'LIVE' && current !== 'DRAINING') figures.initializationTime.record(uptimeMs());
      current = next;
    },
    get isHealthFailed() {
      return isHealthFailed;
    },
    set isHealthFailed(isFailed) {
      isHealthFailed = isFailed;
    },
    get uptimeSeconds() {
      return Math.floor(uptimeMs() / 1000);
    },
    onWorkerDied: () => figures.workerDeaths.inc(),
    refreshStats(daysUntilFirstCertExpires) {
      figures.daysUntilFirstCertExpiring.set(daysUntilFirstCertExpires);
      const memory = process.memoryUsage();
      figures.live.set(current === 'DRAINING' || isHealthFailed ? 0 : 1);
      figures.state.set(stateNumbers[this.state]);
      figures.uptime.set(this.uptimeSeconds);
      figures.memoryAllocated.set(memory.heapUsed + memory.external);
      figures.memoryHeapSize.set(memory.heapTotal);
      figures.memoryPhysicalSize.set(memory.rss);
    },
  };
}

function toNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return (major * 1000 + minor) * 1000 + patch;
}
