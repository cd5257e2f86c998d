import type { LogLevel, Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { ProxyControl } from './admin/control-endpoints.ts';
import type { ListenerManager } from './downstream/listener/listener-manager.ts';
import type { ServerStatus } from './server-state.ts';
import { parseLogLevel, type SidecarSettings } from './settings.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ProxyControlOptions {
  readonly settings: SidecarSettings;
  readonly server: ServerStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workers: WorkerPool;
  readonly listeners: ListenerManager;
  /** Ends the process, without waiting for anybody. */
  stop(): void;
}

/** Draining and ending, by signal or by the admin interface. */
export interface DrainingControl extends ProxyControl {
  /** SIGTERM: drain, then end; a second time: end. */
  shutDown(): void;
  /** A worker that drains has no connection left. */
  onDrained(worker: number): void;
}

export function createProxyControl(options: ProxyControlOptions): DrainingControl {
  const { settings, server, clock, logger, workers, listeners, stop } = options;
  const drainedWorkers = new Set<number>();
  let isShuttingDown = false;
  let logLevel: LogLevel = settings.logLevel;

  return {
    failHealthCheck(isFailed) {
      server.isHealthFailed = isFailed;
      workers.sendToAll({ kind: 'health-fail', isFailed });
    },
    drainListeners({ isGraceful, inboundOnly, skipExit }) {
      listeners.stopAdding(inboundOnly);
      if (!isGraceful) {
        workers.sendToAll({ kind: 'stop-listening', inboundOnly });
        return;
      }
      const { drainTimeMs, drainStrategy } = settings;
      workers.sendToAll({ kind: 'drain', strategy: drainStrategy, drainTimeMs, inboundOnly });
      if (skipExit) return;
      clock.setTimer(drainTimeMs, () => workers.sendToAll({ kind: 'stop-listening', inboundOnly }));
    },
    quit: stop,
    reopenLogs: () => workers.sendToAll({ kind: 'reopen-logs' }),
    setLogLevel(name) {
      const level = parseLogLevel(name);
      if (level === undefined) return undefined;
      logLevel = level;
      logger.level = level;
      workers.sendToAll({ kind: 'log-level', level });
      return level;
    },
    get logLevel() {
      return logLevel;
    },
    shutDown() {
      if (isShuttingDown) {
        stop();
        return;
      }
      isShuttingDown = true;
      server.state = 'DRAINING';
      logger.info({ shutdownTimeMs: settings.shutdownTimeMs }, 'draining');
      listeners.stopAdding(false);
      workers.sendToAll({
        kind: 'drain',
        strategy: 'immediate',
        drainTimeMs: settings.shutdownTimeMs,
        inboundOnly: false,
      });
      clock.setTimer(settings.shutdownTimeMs, stop);
    },
    onDrained(worker) {
      drainedWorkers.add(worker);
      if (isShuttingDown && drainedWorkers.size >= workers.count) stop();
    },
  };
}
