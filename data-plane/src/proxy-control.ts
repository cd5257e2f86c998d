import type { LogLevel, Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { ProxyControl } from './admin/control-endpoints.ts';
import type { MainToWorker } from './config/worker-protocol.ts';
import type { ListenerManager } from './downstream/listener/listener-manager.ts';
import { parseLogLevel } from './log-levels.ts';
import type { ServerStatus } from './server-state.ts';
import type { SidecarSettings } from './settings.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ProxyControlOptions {
  readonly settings: SidecarSettings;
  readonly server: ServerStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workers: WorkerPool;
  readonly listeners: Pick<ListenerManager, 'stopAdding'>;
  /** Opens the log of the process anew. */
  reopenLog(): void;
  /** Ends the process, without waiting for anybody. */
  stop(): void;
}

/** Draining and ending, by signal or by the admin interface. */
export interface DrainingControl extends ProxyControl {
  /** SIGTERM: drain, then end; a second time: end. */
  shutDown(): void;
  /** A worker that drains has no connection left; while it listens, new ones may come. */
  onDrained(worker: number, isListening: boolean): void;
  /** Tells a worker that was started again what the others were told, before it gets its configuration. */
  onWorkerReady(worker: number): void;
}

/** What holds until the next message of the same kind. */
type StandingOrder = Extract<MainToWorker['kind'], 'log-level' | 'health-fail' | 'drain' | 'stop-listening'>;

export function createProxyControl(options: ProxyControlOptions): DrainingControl {
  const { settings, server, clock, logger, workers, listeners, stop } = options;
  const drainedWorkers = new Set<number>();
  let isShuttingDown = false;
  let hasStoppedListening = false;
  let logLevel: LogLevel = settings.logLevel;
  const orders = new Map<string, MainToWorker>();

  function order(message: Extract<MainToWorker, { readonly kind: StandingOrder }>): void {
    // Inbound listeners that stop after all did take nothing back.
    const isForAll = message.kind === 'stop-listening' && !message.inboundOnly;
    orders.set(isForAll ? 'stop-listening-all' : message.kind, message);
    workers.sendToAll(message);
  }

  function stopListening(): void {
    if (hasStoppedListening) return;
    hasStoppedListening = true;
    drainedWorkers.clear();
    order({ kind: 'stop-listening', inboundOnly: false });
  }

  return {
    failHealthCheck(isFailed) {
      server.isHealthFailed = isFailed;
      order({ kind: 'health-fail', isFailed });
    },
    drainListeners({ isGraceful, inboundOnly, skipExit }) {
      listeners.stopAdding(inboundOnly);
      const { drainTimeMs, drainStrategy } = settings;
      order({ kind: 'drain', strategy: drainStrategy, drainTimeMs, inboundOnly });
      if (skipExit) return;
      const stop = (): void => order({ kind: 'stop-listening', inboundOnly });
      if (isGraceful) clock.setTimer(drainTimeMs, stop);
      else stop();
    },
    quit: stop,
    reopenLogs() {
      options.reopenLog();
      workers.sendToAll({ kind: 'reopen-logs' });
    },
    setLogLevel(name) {
      const level = parseLogLevel(name);
      if (level === undefined) return undefined;
      logLevel = level;
      logger.level = level;
      order({ kind: 'log-level', level });
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
      drainedWorkers.clear();
      server.state = 'DRAINING';
      logger.info({ shutdownTimeMs: settings.shutdownTimeMs }, 'draining');
      listeners.stopAdding(false);
      order({
        kind: 'drain',
        strategy: 'immediate',
        drainTimeMs: settings.shutdownTimeMs,
        inboundOnly: false,
      });
      // Clients that always come back must not leave the last requests without time.
      clock.setTimer(settings.shutdownTimeMs / 2, stopListening);
      clock.setTimer(settings.shutdownTimeMs, stop);
    },
    // Connections come as long as a worker listens. Each that was without one for a moment is enough to refuse further
    // ones, but only when these are answered too may the process end.
    onDrained(worker, isListening) {
      if (!isShuttingDown || (hasStoppedListening && isListening)) return;
      drainedWorkers.add(worker);
      if (drainedWorkers.size < workers.count) return;
      if (hasStoppedListening) stop();
      else stopListening();
    },
    onWorkerReady(worker) {
      for (const message of orders.values()) workers.send(worker, message);
    },
  };
}
