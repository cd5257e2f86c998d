import type { Clock, Timer } from '@heddle/shared/time/clock';

export interface MergeWindowEvents {
  /** `isMerged`: after waiting for the window to pass. */
  onApply(isMerged: boolean): void;
  /** An update came after the window had passed, and is applied at once. */
  onOutOfWindow(): void;
  /** A membership change overtook an update that was waiting. */
  onCancelled(): void;
}

/**
 * Gathers updates that change no membership (weights, metadata, priorities): the first is applied at once when the
 * last one was longer ago than the window, otherwise one timer applies the latest state.
 */
export class MergeWindow {
  readonly #windowMs: number;
  readonly #clock: Clock;
  readonly #events: MergeWindowEvents;
  #lastAppliedMs = -Infinity;
  #timer: Timer | undefined;

  /** `windowMs` 0: nothing is gathered. */
  constructor(windowMs: number, clock: Clock, events: MergeWindowEvents) {
    this.#windowMs = windowMs;
    this.#clock = clock;
    this.#events = events;
  }

  request(isMembershipChange: boolean): void {
    const isOutside = this.#clock.monotonicMs() - this.#lastAppliedMs > this.#windowMs;
    if (!isMembershipChange && !isOutside && this.#windowMs > 0) {
      this.#timer ??= this.#clock.setTimer(this.#windowMs, () => this.#apply(true));
      return;
    }
    if (!isMembershipChange && isOutside && this.#windowMs > 0) this.#events.onOutOfWindow();
    if (this.#timer !== undefined) this.#events.onCancelled();
    this.#apply(false);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #apply(isMerged: boolean): void {
    this.stop();
    this.#lastAppliedMs = this.#clock.monotonicMs();
    this.#events.onApply(isMerged);
  }
}
