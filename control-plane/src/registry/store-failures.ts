import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';

/** Asking the store, following its log, or believing what it holds. */
export type StorePart = 'commands' | 'log' | 'data';

export interface StoreFailure {
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

/** What does not work with a store at present, logged once when it begins and once when all of it is over. */
export class StoreFailures {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures = new Map<StorePart, StoreFailure>();
  #isClosed = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The one that matters most. */
  current(): StoreFailure | undefined {
    return this.#failures.get('data') ?? this.#failures.get('commands') ?? this.#failures.get('log');
  }

  reasonOf(part: StorePart): string | undefined {
    return this.#failures.get(part)?.reason;
  }

  /** What is known already stays as it is. */
  add(part: StorePart, thrown: unknown): void {
    if (this.#isClosed || this.#failures.has(part)) return;
    // Both connections fail together when the store goes away; one line is enough.
    const level = part === 'data' ? 'error' : this.#failures.size === 0 ? 'warn' : 'debug';
    this.#failures.set(part, { reason: messageOf(thrown), since: this.#clock.now() });
    const message =
      part === 'data'
        ? 'registry store does not hold what it held; reads serve the last known state'
        : 'registry store is away; reads serve the last known state';
    this.#logger[level]({ err: thrown, part }, message);
  }

  end(part: StorePart): void {
    const failure = this.#failures.get(part);
    if (!this.#failures.delete(part) || failure === undefined || this.#isClosed || this.#failures.size > 0)
      return;
    this.#logger.info({ durationMs: this.#clock.now() - failure.since }, 'registry store is back');
  }

  /** Nothing is logged afterwards. */
  close(): void {
    this.#isClosed = true;
  }
}
