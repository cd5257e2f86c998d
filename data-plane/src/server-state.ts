import type { Clock } from '@heddle/shared/time/clock';
import type { ServerState } from './admin/server-endpoints.ts';
import type { StatsScope } from './stats/stats.ts';

/** The state of the process, and its statistics under `server.`. Main thread only. */
export interface ServerStatus {
  state: ServerState;
  /** `/healthcheck/fail` was asked for. */
  isHealthFailed: boolean;
  readonly uptimeSeconds: number;
  /** Brings `server.*` up to date; before statistics are read. */
  refreshStats(): void;
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
}

export function createServerStatus({ clock, stats, concurrency }: ServerStatusOptions): ServerStatus {
  const startedMs = clock.monotonicMs();
  const scope = stats.scope('server.');
  const live = scope.gauge('live');
  const state = scope.gauge('state');
  const uptime = scope.gauge('uptime');
  const allocated = scope.gauge('memory_allocated');
  const heapSize = scope.gauge('memory_heap_size');
  const physicalSize = scope.gauge('memory_physical_size');
  const initialization = scope.histogram('initialization_time_ms');
  scope.gauge('concurrency').set(concurrency);
  let current: ServerState = 'PRE_INITIALIZING';
  let isHealthFailed = false;

  const uptimeMs = (): number => clock.monotonicMs() - startedMs;

  return {
    get state() {
      return current === 'LIVE' && isHealthFailed ? 'DRAINING' : current;
    },
    set state(next) {
      if (next === 'LIVE' && current !== 'DRAINING') initialization.record(uptimeMs());
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
    refreshStats() {
      const memory = process.memoryUsage();
      live.set(current === 'DRAINING' || isHealthFailed ? 0 : 1);
      state.set(stateNumbers[this.state]);
      uptime.set(this.uptimeSeconds);
      allocated.set(memory.heapUsed + memory.external);
      heapSize.set(memory.heapTotal);
      physicalSize.set(memory.rss);
    },
  };
}
