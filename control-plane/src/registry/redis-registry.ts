import { randomUUID } from 'node:crypto';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import { instanceCollection } from '@heddle/shared/model/object-key';
import type { Clock } from '@heddle/shared/time/clock';
import { ChangeHistory } from './change-history.ts';
import { defaultLossLimits, ExpiryGuard, isMassLoss, type LossLimits } from './expiry-guard.ts';
import { ObjectTable } from './object-table.ts';
import { assertDistinctKeys } from './plan-transaction.ts';
import {
  isFilledBy,
  isFilledEpoch,
  RedisStore,
  type CopyPosition,
  type LogEntry,
  type StoreReading,
} from './redis-store.ts';
import { StoreFailures } from './store-failures.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import type {
  HeldInstances,
  Registry,
  RegistryStatus,
  RenewResult,
  StoredObject,
  StoreRefill,
  Transaction,
  TransactionResult,
  WatchOptions,
} from './registry.ts';

export interface RedisRegistryOptions {
  /** `redis://[user:password@]host:port[/database]`, or `rediss://` with TLS. */
  readonly url: string;
  /** Hash tag of all keys; control planes with the same one share a mesh. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many revisions the log keeps, here and (about) in Redis. */
  readonly historyCount?: number;
  readonly lossLimits?: LossLimits;
}

/** Pause between two ticks of the lease clock; also how soon a store that was replaced is noticed. */
const tickIntervalMs = 500;
const retryPauseMs = 100;
/** How long a write waits for the log to bring what it wrote. */
const catchUpMs = 2_000;

/**
 * The registry in Redis, for any number of control planes. It keeps a complete copy in memory, which follows the
 * log. Returns at once and connects in the background: `status()` is `loading` until the store was read.
 *
 * A store that lost data (restarted without it or with an older state, flushed, a replica that was behind) is
 * filled again by the control plane with the newest copy: losing the store must not empty the mesh. A store that
 * somebody else filled with much less is not taken before an operator accepts it.
 */
export function createRedisRegistry(options: RedisRegistryOptions): Registry {
  return new RedisRegistry(options);
}

class RedisRegistry implements Registry {
  readonly #store: RedisStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: LossLimits;
  readonly #table = new ObjectTable();
  readonly #history: ChangeHistory;
  readonly #waiters: RevisionWaiters;
  readonly #loops: Promise<unknown>;
  readonly #guard: ExpiryGuard;
  /** Leases that ran out, at the last look. */
  #dueKeys: readonly string[] = [];
  /** Which store the copy was read from; undefined until it was read, and when it has to be read again. */
  #epoch: string | undefined;
  /** Which store the copy was read from, also while it has to be read again. */
  #copyEpoch: string | undefined;
  #verdict: 'whole' | 'lost' | 'fill' = 'whole';
  #lastRefill: StoreRefill | undefined;
  /** A fill that was sent and not counted: it may have been made although its answer was lost. */
  #sentFill: { readonly token: string; readonly objectCount: number } | undefined;
  /** Instances that would go if the present store were taken; an operator may accept that. */
  #heldLossCount = 0;
  #isLossAccepted = false;
  #isLoaded = false;
  #isClosed = false;
  readonly #failures: StoreFailures;

  constructor(options: RedisRegistryOptions) {
    const { url, prefix = 'heddle', clock, logger, historyCount = 10_000 } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#limits = options.lossLimits ?? defaultLossLimits;
    this.#guard = new ExpiryGuard(this.#limits, clock, logger);
    this.#failures = new StoreFailures(clock, logger);
    this.#history = new ChangeHistory(historyCount);
    this.#waiters = new RevisionWaiters(clock);
    this.#store = new RedisStore(url, prefix, historyCount);
    this.#loops = Promise.all([this.#followLog(), this.#tick()]);
  }

  get(key: string): StoredObject | undefined {
    this.#assertLoaded();
    return this.#table.get(key);
  }

  list(prefix: string): readonly StoredObject[] {
    this.#assertLoaded();
    return this.#table.list(prefix);
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#assertLoaded();
    assertDistinctKeys(transaction.writes);
    const result = await this.#ask((copy) => this.#store.transact(copy, transaction));
    const hasCaughtUp = await this.#waiters.waitFor(result.revision, this.#table.revision, catchUpMs);
    if (result.kind === 'stale' && !hasCaughtUp) {
      throw new HeddleError(
        'registry-unavailable',
        'the log of the store does not follow; nothing was written',
      );
    }
    if (result.kind === 'committed') return result;
    const { revision: _revision, ...refusal } = result;
    return refusal;
  }

  async renew(key: string): Promise<RenewResult> {
    this.#assertLoaded();
    return this.#ask((copy) => this.#store.renew(copy, key));
  }

  held(): readonly HeldInstances[] {
    return this.#guard.held;
  }

  async acceptLoss(service?: string): Promise<number> {
    this.#assertLoaded();
    if (service === undefined) {
      this.#isLossAccepted = this.#heldLossCount > 0;
      return this.#heldLossCount;
    }
    const keys = this.#dueKeys.filter((key) => key.startsWith(instanceCollection(service)));
    const removed = await this.#ask(({ epoch }) => this.#store.expire(epoch, 'deleted', keys));
    return removed.length;
  }

  watch(options?: WatchOptions) {
    return this.#history.watch(options);
  }

  status(): RegistryStatus {
    if (this.#isClosed) return { kind: 'closed' };
    if (!this.#isLoaded)
      return { kind: 'loading', reason: this.#failures.current()?.reason ?? 'reading the store' };
    const { revision } = this.#table;
    const failure = this.#failures.current();
    const refill = this.#lastRefill === undefined ? {} : { lastRefill: this.#lastRefill };
    if (failure === undefined) return { kind: 'available', revision, ...refill };
    return { kind: 'unavailable', revision, ...failure, ...refill };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failures.close();
    this.#history.close();
    this.#waiters.close();
    this.#store.close();
    await this.#loops;
  }

  #assertLoaded(): void {
    if (this.#isClosed) throw new HeddleError('registry-unavailable', 'the registry is closed');
    if (this.#isLoaded) return;
    const failure = this.#failures.current();
    const reason = failure === undefined ? '' : `: ${failure.reason}`;
    throw new HeddleError('registry-unavailable', `the registry was not read yet${reason}`);
  }

  async #ask<T>(operation: (copy: CopyPosition) => Promise<T | undefined>): Promise<T> {
    const epoch = this.#epoch;
    const { revision } = this.#table;
    let answer: T | undefined;
    try {
      answer = epoch === undefined ? undefined : await operation({ epoch, revision });
    } catch (thrown) {
      throw new HeddleError('registry-unavailable', `Redis: ${messageOf(thrown)}`, { cause: thrown });
    }
    if (answer !== undefined) return answer;
    // A write into a store that lost its data would pass for its whole contents.
    this.#readAgain(epoch);
    const reason = this.#failures.reasonOf('data') ?? 'the store was replaced and is being read';
    throw new HeddleError('registry-unavailable', `Redis: ${reason}`);
  }

  /** Unless the copy was read again already since `epoch` was found to be over. */
  #readAgain(epoch: string | undefined): void {
    if (this.#epoch === epoch) this.#epoch = undefined;
  }

  /** Keeps the copy in step with the store until the registry is closed. */
  async #followLog(): Promise<void> {
    while (!this.#isClosed) {
      try {
        if (this.#epoch === undefined) await this.#readAll();
        else this.#applyLog(await this.#store.readLog(this.#table.revision));
        this.#failures.end('log');
      } catch (thrown) {
        this.#failures.add('log', thrown);
        await this.#waiters.pause(retryPauseMs);
      }
    }
  }

  async #readAll(): Promise<void> {
    if (this.#verdict !== 'whole') {
      await this.#fillStore();
      return;
    }
    const reading = await this.#store.readAll();
    if (this.#isLost(reading)) this.#verdict = 'lost';
    else if (reading.isAboutToBeFilled) {
      this.#failures.add('data', 'the store lost data; the control plane with the newest copy gives it back');
      await this.#waiters.pause(retryPauseMs);
    } else if (this.#holdsBack(reading)) await this.#waiters.pause(retryPauseMs);
    else this.#replaceCopy(reading);
  }

  /** As the scripts decide it: what was read holds less than the copy. */
  #isLost({ epoch, revision }: StoreReading): boolean {
    if (!this.#isLoaded || revision >= this.#table.revision) return false;
    return revision === 0 || epoch === this.#copyEpoch;
  }

  /** The store holds less than the copy. Waits for the control plane with the newest copy to fill it; or is that. */
  async #fillStore(): Promise<void> {
    const { revision } = this.#table;
    this.#failures.add('data', 'the store lost data; the control plane with the newest copy gives it back');
    if (this.#verdict !== 'fill' || this.#copyEpoch === undefined) {
      await this.#waiters.pause(retryPauseMs);
      return;
    }
    const objects = this.#table.list('');
    this.#verdict = 'lost';
    // The copy stays as it is until the store is whole: one token is right for every attempt.
    this.#sentFill ??= { token: randomUUID(), objectCount: objects.length };
    const { token } = this.#sentFill;
    if (!(await this.#store.fill({ epoch: this.#copyEpoch, revision }, token, objects))) return;
    this.#verdict = 'whole';
    this.#countRefill(objects.length);
  }

  #countRefill(objectCount: number): void {
    this.#sentFill = undefined;
    this.#lastRefill = { count: (this.#lastRefill?.count ?? 0) + 1, at: this.#clock.now(), objectCount };
    this.#logger.error(
      { revision: this.#table.revision, objects: objectCount },
      'registry store was given back what it had lost',
    );
  }

  /** Another store with most instances of ours gone is more likely a mistake than the mesh of today. */
  #holdsBack({ epoch, objects }: StoreReading): boolean {
    if (epoch === this.#copyEpoch || isFilledEpoch(epoch)) return false;
    const present = new Set(objects.map(({ key }) => key));
    const ours = this.#isLoaded ? this.#table.list('instance/') : [];
    this.#heldLossCount = ours.filter(({ key }) => !present.has(key)).length;
    if (this.#isLossAccepted || !isMassLoss(this.#heldLossCount, ours.length, this.#limits)) return false;
    const reason = `another store has taken the place of ours, without ${this.#heldLossCount} of ${ours.length} instances; it is not taken before somebody accepts that`;
    this.#failures.add('data', reason);
    return true;
  }

  #replaceCopy({ epoch, revision, objects }: StoreReading): void {
    const sent = this.#sentFill;
    if (sent !== undefined && isFilledBy(sent.token, epoch)) this.#countRefill(sent.objectCount);
    this.#sentFill = undefined;
    this.#table.replace(revision, objects);
    this.#epoch = epoch;
    this.#copyEpoch = epoch;
    this.#heldLossCount = 0;
    this.#isLossAccepted = false;
    this.#failures.end('data');
    this.#isLoaded = true;
    this.#history.reset(revision);
    this.#waiters.onRevision(revision);
    this.#logger.info({ objects: objects.length, revision }, 'registry read');
  }

  #applyLog(entries: readonly LogEntry[]): void {
    for (const { revision, changes } of entries) {
      if (revision !== this.#table.revision + 1) {
        this.#logger.warn(
          { revision: this.#table.revision, next: revision },
          'registry log was trimmed; reading all',
        );
        this.#epoch = undefined;
        return;
      }
      this.#table.apply(revision, changes);
      this.#history.append(revision, changes);
      this.#guard.observe(changes);
    }
    this.#waiters.onRevision(this.#table.revision);
  }

  async #tick(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#lookAtStore();
        this.#failures.end('commands');
      } catch (thrown) {
        this.#failures.add('commands', thrown);
      }
      await this.#waiters.pause(tickIntervalMs);
    }
  }

  async #lookAtStore(): Promise<void> {
    // Taken before: by the time the answer is here, the log may have brought later revisions.
    const [epoch, copyEpoch, { revision }] = [this.#epoch, this.#copyEpoch, this.#table];
    const copy = copyEpoch === undefined ? undefined : { epoch: copyEpoch, revision };
    const tick = await this.#store.tick(copy);
    this.#verdict = tick.verdict;
    if (epoch === undefined) return;
    if (tick.epoch !== epoch || tick.verdict !== 'whole') {
      this.#logger.warn({ revision: tick.revision, copyRevision: revision }, 'registry store was replaced');
      this.#readAgain(epoch);
      return;
    }
    this.#dueKeys = tick.dueKeys;
    const mayGo = this.#guard.decide(tick.dueKeys, this.#table);
    if (mayGo.length === 0) return;
    const expired = await this.#store.expire(epoch, 'lease-expired', mayGo);
    for (const key of expired) this.#logger.info({ key }, 'lease expired');
  }
}
