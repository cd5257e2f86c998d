import type { Timer } from '@heddle/shared/time/clock';
import type { TcpProxy } from '../../config/model/tcp-proxy.ts';
import { WheelTimer, type TimerTarget } from '../../time/timer-ring.ts';
import type { TcpProxyDependencies } from './tcp-proxy.ts';

export interface SessionTimersOwner {
  /** Written to either side, and not taken by the kernel. */
  readonly unsentBytes: number;
  onIdleTimeout(): void;
  onMaxDuration(): void;
  onRetryDue(): void;
  onLogDue(): void;
}

type Times = Pick<
  TcpProxy,
  | 'idleTimeoutMs'
  | 'maxConnectionDurationMs'
  | 'maxConnectionDurationJitterRatio'
  | 'logIntervalMs'
  | 'connectBackOff'
>;

/** The time-outs of one TCP session. A byte costs a look at the clock; the timer looks at that when it rings. */
export class SessionTimers implements TimerTarget {
  readonly #times: Times;
  readonly #dependencies: Pick<TcpProxyDependencies, 'wheel' | 'rng'>;
  readonly #owner: SessionTimersOwner;
  readonly #idle: WheelTimer;
  #lastByteMs = 0;
  #unsentBytes = 0;
  #duration: Timer | undefined;
  #logInterval: Timer | undefined;
  #retry: Timer | undefined;

  constructor(
    times: Times,
    dependencies: Pick<TcpProxyDependencies, 'wheel' | 'rng'>,
    owner: SessionTimersOwner,
  ) {
    this.#times = times;
    this.#dependencies = dependencies;
    this.#owner = owner;
    this.#idle = new WheelTimer(this);
  }

  onNewConnection(): void {
    const {
      maxConnectionDurationMs: durationMs,
      maxConnectionDurationJitterRatio,
      logIntervalMs,
    } = this.#times;
    const { wheel, rng } = this.#dependencies;
    if (logIntervalMs > 0) this.#setLogTimer(logIntervalMs);
    if (durationMs === 0) return;
    const jitterMs = durationMs * maxConnectionDurationJitterRatio * rng.next();
    this.#duration = wheel.setTimer(durationMs + jitterMs, () => this.#owner.onMaxDuration());
  }

  /** From now on there is something that can be idle. */
  onRelaying(): void {
    const { idleTimeoutMs } = this.#times;
    if (idleTimeoutMs === 0) return;
    this.touch();
    this.#dependencies.wheel.schedule(this.#idle, idleTimeoutMs);
  }

  touch(): void {
    if (this.#times.idleTimeoutMs > 0) this.#lastByteMs = this.#dependencies.wheel.monotonicMs();
  }

  /** False: at once. `attemptCount`: those that failed. */
  waitForRetry(attemptCount: number): boolean {
    const { connectBackOff } = this.#times;
    if (connectBackOff === undefined) return false;
    const { baseMs, maxMs } = connectBackOff;
    const { wheel, rng } = this.#dependencies;
    const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(30, attemptCount - 1));
    this.#retry = wheel.setTimer(rng.next() * ceilingMs, () => this.#owner.onRetryDue());
    return true;
  }

  cancel(): void {
    this.#dependencies.wheel.cancel(this.#idle);
    this.#duration?.cancel();
    this.#logInterval?.cancel();
    this.#retry?.cancel();
  }

  onTimer(): void {
    const { wheel } = this.#dependencies;
    const { unsentBytes } = this.#owner;
    // What a slow reader takes is traffic too.
    if (unsentBytes < this.#unsentBytes) this.touch();
    this.#unsentBytes = unsentBytes;
    const leftMs = this.#lastByteMs + this.#times.idleTimeoutMs - wheel.monotonicMs();
    if (leftMs > 0) wheel.schedule(this.#idle, leftMs);
    else this.#owner.onIdleTimeout();
  }

  #setLogTimer(intervalMs: number): void {
    this.#logInterval = this.#dependencies.wheel.setTimer(intervalMs, () => {
      this.#setLogTimer(intervalMs);
      this.#owner.onLogDue();
    });
  }
}
