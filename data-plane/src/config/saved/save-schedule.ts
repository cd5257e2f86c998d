import type { Clock, Timer } from '@heddle/shared/time/clock';

/** A write starts when nothing has changed for so long … */
const quietMs = 1000;
/** … or so long after the first change that waits … */
const maxDelayMs = 10_000;
/** … but not sooner after the one before, which may have failed. */
const minIntervalMs = 5000;

/** Gathers changes into writes, one at a time. */
export class SaveSchedule {
  readonly #clock: Clock;
  readonly #write: () => Promise<boolean>;
  #timer: Timer | undefined;
  /** When the first change came that waits; undefined when none does. */
  #waitingSinceMs: number | undefined;
  #notBeforeMs = -Infinity;
  #writing: Promise<void> | undefined;
  #isStopped = false;

  /** `write` never rejects; it resolves to whether it succeeded. */
  constructor(clock: Clock, write: () => Promise<boolean>) {
    this.#clock = clock;
    this.#write = write;
  }

  onChange(): void {
    if (this.#isStopped) return;
    this.#waitingSinceMs ??= this.#clock.monotonicMs();
    if (this.#writing === undefined) this.#plan(this.#waitingSinceMs);
  }

  /** Writes at once what waits. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#writing;
    if (this.#waitingSinceMs !== undefined) await this.#write();
  }

  #plan(waitingSinceMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const delayMs = Math.max(
      Math.min(quietMs, waitingSinceMs + maxDelayMs - nowMs),
      this.#notBeforeMs - nowMs,
      0,
    );
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#writing = this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#waitingSinceMs = undefined;
    const isDone = await this.#write();
    this.#writing = undefined;
    this.#notBeforeMs = this.#clock.monotonicMs() + minIntervalMs;
    if (!isDone) this.#waitingSinceMs ??= this.#clock.monotonicMs();
    if (this.#waitingSinceMs !== undefined && !this.#isStopped) this.#plan(this.#waitingSinceMs);
  }
}
