import type { Clock } from '@heddle/shared/time/clock';

/** Those who wait until the copy of a registry has reached a revision. */
export class RevisionWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<{
    readonly revision: number;
    readonly resolve: (isReached: boolean) => void;
  }>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when `limitMs` passed, or the registry was closed, before the revision came. */
  waitFor(revision: number, presentRevision: number, limitMs: number): Promise<boolean> {
    if (presentRevision >= revision) return Promise.resolve(true);
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter = {
        revision,
        resolve: (isReached: boolean): void => {
          timer.cancel();
          this.#waiting.delete(waiter);
          resolve(isReached);
        },
      };
      const timer = this.#clock.setTimer(limitMs, () => waiter.resolve(false));
      this.#waiting.add(waiter);
    });
  }

  /** A sleep that ends early when the registry is closed. */
  async pause(durationMs: number): Promise<void> {
    await this.waitFor(Infinity, 0, durationMs);
  }

  onRevision(revision: number): void {
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.resolve(true);
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting) waiter.resolve(false);
  }
}
