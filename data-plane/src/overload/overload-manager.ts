import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { describeStats } from '../stats/describe-stats.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { DescriptorMonitor } from './descriptor-monitor.ts';
import type { ResourceMonitor } from './resource-monitor.ts';

export const overloadStats = describeStats(['overload.'], (make) => ({
  active: make.gauge(
    'envoy.overload_actions.stop_accepting_connections.active',
    'Workers that accept no connection now, because a resource is nearly used up.',
    'threads',
  ),
  descriptors: make.counter(
    'heddle.resource_monitors.descriptors.exhausted',
    'Times that a worker stopped accepting because file descriptors ran out.',
  ),
  worker_heap: make.counter(
    'heddle.resource_monitors.worker_heap.exhausted',
    'Times that a worker stopped accepting because its heap was nearly full.',
  ),
}));

export interface OverloadManagerOptions {
  readonly clock: Clock;
  readonly stats: StatsScope;
  readonly logger: Logger;
  readonly descriptors: DescriptorMonitor;
  readonly heap: ResourceMonitor;
  /** Called when it changes; true at first. */
  onAccepting(isAccepting: boolean): void;
}

const sampleIntervalMs = 500;
const overloadedIntervalMs = 100;
/** At its limit a worker stops and goes on many times a second; that is one line. */
const reportIntervalMs = 10_000;

/**
 * Envoy's action `stop_accepting_connections` for one worker: while a resource is nearly used up no connection is
 * accepted, those that are open are served with what is left, and the others wait.
 */
export class OverloadManager {
  readonly #options: OverloadManagerOptions;
  readonly #stats: ReturnType<typeof overloadStats.create>;
  #exhausted: ResourceMonitor | undefined;
  #warnedAtMs = -Infinity;
  #isReported = false;
  #timer: Timer;
  readonly #onTimer = (): void => this.#sample();

  constructor(options: OverloadManagerOptions) {
    this.#options = options;
    this.#stats = overloadStats.create(options.stats.scope('overload.'));
    this.#timer = options.clock.setTimer(sampleIntervalMs, this.#onTimer);
  }

  /** A descriptor was just given out. */
  onDescriptor(descriptor: number): void {
    const { descriptors } = this.#options;
    if (this.#exhausted !== undefined || !descriptors.isLast(descriptor)) return;
    this.#stop(descriptors);
    this.#scheduleSample();
  }

  #sample(): void {
    const { descriptors, heap } = this.#options;
    if (this.#exhausted?.isRelieved() === true) this.#goOn();
    if (this.#exhausted === undefined) {
      const exhausted = [descriptors, heap].find((monitor) => monitor.isExhausted());
      if (exhausted !== undefined) this.#stop(exhausted);
      else this.#reportRelief();
    }
    this.#scheduleSample();
  }

  #scheduleSample(): void {
    this.#timer.cancel();
    const delayMs = this.#exhausted === undefined ? sampleIntervalMs : overloadedIntervalMs;
    this.#timer = this.#options.clock.setTimer(delayMs, this.#onTimer);
  }

  #stop(monitor: ResourceMonitor): void {
    const { clock, logger, onAccepting } = this.#options;
    this.#exhausted = monitor;
    this.#stats.active.inc();
    this.#stats[monitor.name].inc();
    onAccepting(false);
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#warnedAtMs < reportIntervalMs) return;
    this.#warnedAtMs = nowMs;
    this.#isReported = true;
    logger.warn(
      { resource: monitor.name, reason: monitor.describe() },
      'no connection is accepted, a resource is nearly used up',
    );
  }

  #goOn(): void {
    this.#exhausted = undefined;
    this.#stats.active.dec();
    this.#options.onAccepting(true);
  }

  /** Once a whole interval went well. */
  #reportRelief(): void {
    if (!this.#isReported) return;
    this.#isReported = false;
    this.#options.logger.info('connections are accepted again');
  }
}
