import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import { ChangeHistory } from './change-history.ts';
import { ObjectTable } from './object-table.ts';
import { assertDistinctKeys } from './plan-transaction.ts';
import { RedisStore, type LogEntry, type StoreReading } from './redis-store.ts';
import { RevisionWaiters } from './revision-waiters.ts';
import type {
  Registry,
  RegistryStatus,
  RenewResult,
  StoredObject,
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
 * A store that was emptied (restarted without its data, flushed) is filled again from the copy, by the control
 * plane that notices first: losing the store must not empty the mesh.
 */
export function createRedisRegistry(options: RedisRegistryOptions): Registry {
  return new RedisRegistry(options);
}

interface Failure {
  readonly reason: string;
  readonly since: number;
}

class RedisRegistry implements Registry {
  readonly #store: RedisStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #table = new ObjectTable();
  readonly #history: ChangeHistory;
  readonly #waiters: RevisionWaiters;
  readonly #loops: Promise<unknown>;
  /** Which store the copy was read from; undefined until it was read, and when it has to be read again. */
  #epoch: string | undefined;
  #isLoaded = false;
  #isClosed = false;
  /** What does not work at present: asking the store, or following its log. */
  readonly #failures = new Map<'commands' | 'log', Failure>();

  constructor({ url, prefix = 'heddle', clock, logger, historyCount = 10_000 }: RedisRegistryOptions) {
    this.#clock = clock;
    this.#logger = logger;
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
    const result = await this.#ask((epoch) => this.#store.transact(epoch, transaction));
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
    return this.#ask((epoch) => this.#store.renew(epoch, key));
  }

  watch(options?: WatchOptions) {
    return this.#history.watch(options);
  }

  status(): RegistryStatus {
    if (this.#isClosed) return { kind: 'closed' };
    if (!this.#isLoaded) return { kind: 'loading', reason: this.#failure()?.reason ?? 'reading the store' };
    const { revision } = this.#table;
    const failure = this.#failure();
    if (failure === undefined) return { kind: 'available', revision };
    return { kind: 'unavailable', revision, ...failure };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#history.close();
    this.#waiters.close();
    this.#store.close();
    await this.#loops;
  }

  #assertLoaded(): void {
    if (this.#isClosed) throw new HeddleError('registry-unavailable', 'the registry is closed');
    if (this.#isLoaded) return;
    const failure = this.#failure();
    const reason = failure === undefined ? '' : `: ${failure.reason}`;
    throw new HeddleError('registry-unavailable', `the registry was not read yet${reason}`);
  }

  async #ask<T>(operation: (epoch: string) => Promise<T | undefined>): Promise<T> {
    const epoch = this.#epoch;
    let answer: T | undefined;
    try {
      answer = epoch === undefined ? undefined : await operation(epoch);
    } catch (thrown) {
      throw new HeddleError('registry-unavailable', `Redis: ${messageOf(thrown)}`, { cause: thrown });
    }
    if (answer !== undefined) return answer;
    // A write into a store that lost its data would pass for its whole contents.
    this.#readAgain(epoch);
    throw new HeddleError('registry-unavailable', 'Redis: the store was replaced and is being read');
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
        this.#onAnswer('log');
      } catch (thrown) {
        this.#onFailure('log', thrown);
        await this.#waiters.pause(retryPauseMs);
      }
    }
  }

  async #readAll(): Promise<void> {
    const reading = await this.#store.readAll();
    if (this.#isLoaded && reading.revision === 0 && this.#table.revision > 0) {
      this.#logger.warn({ revision: this.#table.revision }, 'registry store lost its data; filling it again');
      await this.#store.restore(this.#table.revision + 1, this.#table.list(''));
      return;
    }
    this.#replaceCopy(reading);
  }

  #replaceCopy({ epoch, revision, objects }: StoreReading): void {
    this.#table.replace(revision, objects);
    this.#epoch = epoch;
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
    }
    this.#waiters.onRevision(this.#table.revision);
  }

  async #tick(): Promise<void> {
    while (!this.#isClosed) {
      try {
        // Taken before: by the time the answer is here, the log may have brought later revisions.
        const copyRevision = this.#table.revision;
        const copyEpoch = this.#epoch;
        const { epoch, revision, expiredKeys } = await this.#store.tick();
        for (const key of expiredKeys) this.#logger.info({ key }, 'lease expired');
        if (copyEpoch !== undefined && (epoch !== copyEpoch || revision < copyRevision)) {
          this.#logger.warn({ revision, copyRevision }, 'registry store was replaced; reading all');
          this.#readAgain(copyEpoch);
        }
        this.#onAnswer('commands');
      } catch (thrown) {
        this.#onFailure('commands', thrown);
      }
      await this.#waiters.pause(tickIntervalMs);
    }
  }

  #failure(): Failure | undefined {
    return this.#failures.get('commands') ?? this.#failures.get('log');
  }

  #onAnswer(part: 'commands' | 'log'): void {
    const failure = this.#failures.get(part);
    if (!this.#failures.delete(part) || failure === undefined || this.#isClosed || this.#failures.size > 0)
      return;
    this.#logger.info({ durationMs: this.#clock.now() - failure.since }, 'registry store is back');
  }

  #onFailure(part: 'commands' | 'log', thrown: unknown): void {
    if (this.#isClosed || this.#failures.has(part)) return;
    // Both parts fail together when the store goes away; one line is enough.
    const level = this.#failures.size === 0 ? 'warn' : 'debug';
    this.#failures.set(part, { reason: messageOf(thrown), since: this.#clock.now() });
    this.#logger[level]({ err: thrown, part }, 'registry store is away; reads serve the last known state');
  }
}
