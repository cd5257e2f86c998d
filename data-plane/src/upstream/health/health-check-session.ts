import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { HealthCheck } from '../../config/model/health-check.ts';
import { nextCheckDelayMs } from './health-interval.ts';
import { timeoutFailure, type HealthProbe, type ProbeTarget } from './health-probe.ts';
import {
  applyCheckResult,
  initialHealthState,
  type CheckResult,
  type HealthState,
  type HealthStep,
} from './health-state.ts';

export interface HealthCheckSessionOptions {
  readonly settings: HealthCheck;
  readonly probe: HealthProbe;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Asked at the start of each check: a logical host moves. */
  readonly target: () => ProbeTarget;
  readonly flags: () => number;
  readonly hasHadTraffic: () => boolean;
  readonly onAttempt: () => void;
  /** After each check. The flags of the step are the receiver's to store. */
  readonly onStep: (step: HealthStep, result: CheckResult, isFirstCheck: boolean) => void;
}

const passiveFailure: CheckResult = {
  kind: 'failure',
  type: 'passive',
  isRetriable: false,
  isExcluding: true,
};

/** A timer that fires later than this was held up: the event loop was busy, so the answer may be there unread. */
const lagToleranceMs = 20;

/** Checks one host, one check after the other. */
export class HealthCheckSession {
  readonly #options: HealthCheckSessionOptions;
  #state: HealthState = initialHealthState;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: HealthCheckSessionOptions) {
    this.#options = options;
  }

  get isFirstCheckDone(): boolean {
    return !this.#state.isFirstCheck;
  }

  start(): void {
    const { settings, clock, rng } = this.#options;
    if (settings.initialJitterMs === 0) this.#check();
    else this.#timer = clock.setTimer(randomInteger(rng, settings.initialJitterMs), () => this.#check());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#options.probe.abort();
  }

  /** Seen from the data path. The checks go on at their pace. */
  failPassively(): void {
    if (this.#isStopped) return;
    const { settings, flags, onStep } = this.#options;
    const { isFirstCheck } = this.#state;
    const step = applyCheckResult(this.#state, flags(), passiveFailure, settings);
    this.#state = step.state;
    onStep(step, passiveFailure, isFirstCheck);
  }

  #check(): void {
    const { probe, settings, clock, target, onAttempt } = this.#options;
    onAttempt();
    this.#startTimeout(settings.timeoutMs, clock.monotonicMs() + settings.timeoutMs);
    probe.check(target(), (result) => this.#onResult(result));
  }

  #startTimeout(delayMs: number, dueMs: number): void {
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#onTimeout(dueMs));
  }

  /**
   * Late by a stall of this thread, the time-out says nothing about the host: what the socket holds has not been
   * read, and the request may not even have been sent. The host gets the time back that the stall took.
   */
  #onTimeout(dueMs: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    const lagMs = nowMs - dueMs;
    if (lagMs > lagToleranceMs) {
      const extraMs = Math.min(lagMs, this.#options.settings.timeoutMs);
      this.#startTimeout(extraMs, nowMs + extraMs);
      return;
    }
    this.#options.probe.abort();
    this.#onResult(timeoutFailure);
  }

  #onResult(result: CheckResult): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    const { settings, clock, rng, flags, hasHadTraffic, onStep } = this.#options;
    const isFirstCheck = this.#state.isFirstCheck;
    const step = applyCheckResult(this.#state, flags(), result, settings);
    this.#state = step.state;
    const delayMs = nextCheckDelayMs(
      settings,
      result.kind === 'success',
      step.transition,
      hasHadTraffic(),
      rng,
    );
    this.#timer = clock.setTimer(delayMs, () => this.#check());
    onStep(step, result, isFirstCheck);
  }
}
