import { collectionOf } from '@heddle/shared/model/object-key';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { ObjectTable } from './object-table.ts';
import type { Change, HeldInstances } from './registry.ts';

/** How much of a service may go without anybody having said so. */
export interface LossLimits {
  /** Of a service's instances, within the window. 100 lets everything go. */
  readonly maxLossPercent: number;
  readonly windowMs: number;
}

export const defaultLossLimits: LossLimits = { maxLossPercent: 50, windowMs: 60_000 };

/** One instance that stops answering is a dead instance, whatever share of its service it is. */
const fewestLost = 2;

/** Whether losing `lostCount` of `totalCount` says more about the observer than about the instances. */
export function isMassLoss(lostCount: number, totalCount: number, { maxLossPercent }: LossLimits): boolean {
  return lostCount >= fewestLost && lostCount * 100 > maxLossPercent * totalCount;
}

interface Expiry {
  readonly atMs: number;
  readonly collection: string;
}

/**
 * Decides which instances go when their leases run out. When most of a service's instances fall silent at once, it
 * is more likely that their heartbeats do not arrive than that all of them died: they stay, until they are renewed,
 * registered anew or deleted, until enough others are there, or until an operator accepts the loss. Who is really
 * dead is found by the proxies' health checks meanwhile.
 */
export class ExpiryGuard {
  readonly #limits: LossLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** What expired within the window, oldest first. */
  #expired: Expiry[] = [];
  #held = new Map<string, HeldInstances>();

  constructor(limits: LossLimits, clock: Clock, logger: Logger) {
    this.#limits = limits;
    this.#clock = clock;
    this.#logger = logger;
  }

  get held(): readonly HeldInstances[] {
    return [...this.#held.values()];
  }

  /** `dueKeys`: every instance whose lease has run out, also those held before. Returns those that may go. */
  decide(dueKeys: Iterable<string>, table: ObjectTable): readonly string[] {
    this.#forgetOld();
    const due = new Map<string, string[]>();
    for (const key of dueKeys) {
      if (table.get(key) === undefined) continue;
      const collection = collectionOf(key);
      const keys = due.get(collection);
      if (keys === undefined) due.set(collection, [key]);
      else keys.push(key);
    }
    const mayGo: string[] = [];
    const held = new Map<string, HeldInstances>();
    for (const [collection, keys] of due) {
      const recentCount = this.#expired.filter((expiry) => expiry.collection === collection).length;
      const presentCount = table.list(collection).length;
      if (!isMassLoss(keys.length + recentCount, presentCount + recentCount, this.#limits))
        mayGo.push(...keys);
      else held.set(collection, this.#hold(collection, keys, presentCount));
    }
    for (const [collection, { service }] of this.#held) {
      if (!held.has(collection)) this.#logger.info({ service }, 'instances are no longer held');
    }
    this.#held = held;
    return mayGo;
  }

  /** Every change of the registry, whoever made it: several control planes must count the same. */
  observe(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'delete' || change.reason !== 'lease-expired') continue;
      this.#expired.push({ atMs: this.#clock.monotonicMs(), collection: collectionOf(change.key) });
    }
  }

  #hold(collection: string, keys: readonly string[], totalCount: number): HeldInstances {
    const [, service = ''] = collection.split('/');
    const names = keys.map((key) => key.slice(collection.length)).sort();
    const since = this.#held.get(collection)?.since;
    if (since === undefined) {
      this.#logger.error(
        { service, heldCount: names.length, totalCount },
        'most of a service stopped renewing its leases at once; its instances are held',
      );
    }
    return { service, instances: names, totalCount, since: since ?? this.#clock.now() };
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.monotonicMs() - this.#limits.windowMs;
    const first = this.#expired.findIndex(({ atMs }) => atMs >= oldestMs);
    this.#expired = first === -1 ? [] : this.#expired.slice(first);
  }
}
