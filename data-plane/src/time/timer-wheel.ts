import type { Clock, Timer } from '@heddle/shared/time/clock';
import { TimerRing, WheelTimer } from './timer-ring.ts';

const coarseTickMs = 10;
const coarseSlotCount = 4096; // 41 s a turn: a timer of an hour is passed over 88 times
const fineTickMs = 1;
const fineSlotCount = 128;
/** No reading of a monotonic clock. */
const unread = -1;
/** Delays below this go to the fine ring; the ring must be longer than that. */
const fineDelayMs = 100;

/**
 * All time-outs of one worker: O(1) to set and to cancel, no closure for a timer. Delays below 100 ms are due on
 * the millisecond, others on the next 10 ms; none is early. It sleeps until the first slot that holds a timer, with
 * one timer of the underlying clock, and not at all when it is empty. Timers that fall due together run in order of
 * slot, then of setting.
 *
 * It is a `Clock` too, for code that sets timers rarely and likes callbacks. Within a turn, which is what one read of
 * a socket brings about, `monotonicMs` stands still at the moment of its first reading: a request asks a dozen times,
 * and all its moments of one turn are the arrival of the same bytes.
 */
export class TimerWheel implements Clock {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #coarse = new TimerRing(coarseTickMs, coarseSlotCount);
  readonly #fine = new TimerRing(fineTickMs, fineSlotCount);
  #alarm: Timer | undefined;
  /** When the alarm rings, on this wheel's time; Infinity without one. */
  #alarmAtMs = Infinity;
  #isRunning = false;
  #isInTurn = false;
  #turnMs = unread;
  readonly #onAlarm = (): void => this.#run();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#originMs = clock.monotonicMs();
  }

  now(): number {
    return this.#clock.now();
  }

  monotonicMs(): number {
    if (!this.#isInTurn) return this.#clock.monotonicMs();
    if (this.#turnMs === unread) this.#turnMs = this.#clock.monotonicMs();
    return this.#turnMs;
  }

  /** Until `endTurn` time stands still. Turns do not nest. */
  beginTurn(): void {
    this.#isInTurn = true;
    this.#turnMs = unread;
  }

  endTurn(): void {
    this.#isInTurn = false;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = new WheelTimer({ onTimer: callback });
    this.schedule(timer, delayMs);
    return { cancel: () => this.cancel(timer) };
  }

  /** Sets the timer, or sets it anew. `delayMs` ≥ 0. */
  schedule(timer: WheelTimer, delayMs: number): void {
    timer.unlink();
    const elapsedMs = this.#elapsedMs();
    const ring = delayMs < fineDelayMs ? this.#fine : this.#coarse;
    const dueAtMs = ring.add(timer, elapsedMs, delayMs);
    if (dueAtMs < this.#alarmAtMs && !this.#isRunning) this.#setAlarm(elapsedMs, dueAtMs);
  }

  /** Idempotent; after it `onTimer` is not called. */
  cancel(timer: WheelTimer): void {
    timer.unlink();
  }

  get pendingTimerCount(): number {
    return this.#fine.size + this.#coarse.size;
  }

  #elapsedMs(): number {
    return this.monotonicMs() - this.#originMs;
  }

  #run(): void {
    this.#alarm = undefined;
    this.#alarmAtMs = Infinity;
    this.#isRunning = true;
    const elapsedMs = this.#elapsedMs();
    try {
      this.#fine.expire(elapsedMs);
      this.#coarse.expire(elapsedMs);
    } finally {
      this.#isRunning = false;
      const dueAtMs = Math.min(this.#fine.nextDueAtMs(), this.#coarse.nextDueAtMs());
      if (dueAtMs !== Infinity) this.#setAlarm(this.#elapsedMs(), dueAtMs);
    }
  }

  #setAlarm(elapsedMs: number, dueAtMs: number): void {
    this.#alarm?.cancel();
    this.#alarmAtMs = dueAtMs;
    this.#alarm = this.#clock.setTimer(Math.max(0, dueAtMs - elapsedMs), this.#onAlarm);
  }
}
