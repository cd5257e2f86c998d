import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import { instanceCollection } from '@heddle/shared/model/object-key';
import { canonicalJson } from '@heddle/shared/model/parse-object';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { ChangeHistory } from './change-history.ts';
import { defaultLossLimits, ExpiryGuard, type LossLimits } from './expiry-guard.ts';
import { LeaseTimer } from './lease-timer.ts';
import { ObjectTable } from './object-table.ts';
import { planTransaction } from './plan-transaction.ts';
import {
  leaseTtlMsOf,
  type Change,
  type HeldInstances,
  type Registry,
  type RegistryStatus,
  type RenewResult,
  type StoredObject,
  type Transaction,
  type TransactionResult,
  type WatchOptions,
} from './registry.ts';
import { SqliteFile } from './sqlite-file.ts';

export interface EmbeddedRegistryOptions {
  /** Path of the database file, created when missing; `:memory:` keeps nothing. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many of the latest revisions a watch can start from. */
  readonly historyCount?: number;
  readonly lossLimits?: LossLimits;
}

/** How often it is looked whether held instances may go. */
const heldCheckMs = 1_000;

/**
 * The registry in one SQLite file, for one control plane. A transaction that resolved is on the disk (WAL,
 * `synchronous=FULL`). Throws `file-unusable` when the file cannot be opened, is damaged, or is in use by
 * another process.
 *
 * Leases run on this process' monotonic clock and start anew when it starts: while it was down nobody could
 * renew, so nothing may count as expired.
 */
export function openEmbeddedRegistry(options: EmbeddedRegistryOptions): Registry {
  return new EmbeddedRegistry(options);
}

class EmbeddedRegistry implements Registry {
  readonly #file: SqliteFile;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #table = new ObjectTable();
  readonly #history: ChangeHistory;
  readonly #leases: LeaseTimer;
  readonly #guard: ExpiryGuard;
  /** Their leases ran out, and they may not go yet. */
  readonly #heldKeys = new Set<string>();
  #heldCheck: Timer | undefined;
  /** Set from a write that failed until one succeeds. */
  #failure: { readonly reason: string; readonly since: number } | undefined;
  #isClosed = false;

  constructor({ file, clock, logger, historyCount = 4096, lossLimits }: EmbeddedRegistryOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#history = new ChangeHistory(historyCount);
    this.#leases = new LeaseTimer(clock, (keys) => this.#expire(keys));
    this.#guard = new ExpiryGuard(lossLimits ?? defaultLossLimits, clock, logger);
    this.#file = new SqliteFile(file);
    const { revision, objects } = this.#file.readAll();
    this.#table.replace(revision, objects);
    this.#history.reset(revision);
    for (const object of objects) this.#grantLease(object);
    logger.info({ file, objects: objects.length, revision }, 'registry opened');
  }

  get(key: string): StoredObject | undefined {
    return this.#table.get(key);
  }

  list(prefix: string): readonly StoredObject[] {
    return this.#table.list(prefix);
  }

  transact(transaction: Transaction): Promise<TransactionResult> {
    return new Promise((resolve) => {
      resolve(this.#transact(transaction));
    });
  }

  renew(key: string): Promise<RenewResult> {
    const object = this.#table.get(key);
    if (object === undefined) return Promise.resolve({ kind: 'absent' });
    return Promise.resolve(this.#grantLease(object) ? { kind: 'renewed' } : { kind: 'unleased' });
  }

  watch(options?: WatchOptions) {
    return this.#history.watch(options);
  }

  status(): RegistryStatus {
    if (this.#isClosed) return { kind: 'closed' };
    const { revision } = this.#table;
    return this.#failure === undefined
      ? { kind: 'available', revision }
      : { kind: 'unavailable', revision, ...this.#failure };
  }

  held(): readonly HeldInstances[] {
    return this.#guard.held;
  }

  acceptLoss(service?: string): Promise<number> {
    return new Promise((resolve) => {
      const keys = [...this.#heldKeys].filter(
        (key) => service !== undefined && key.startsWith(instanceCollection(service)),
      );
      this.#transact({ writes: keys.map((key) => ({ kind: 'delete', key })) });
      this.#expire([]);
      resolve(keys.length);
    });
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#heldCheck?.cancel();
      this.#leases.close();
      this.#history.close();
      this.#file.close();
    }
    return Promise.resolve();
  }

  #transact(transaction: Transaction): TransactionResult {
    if (this.#isClosed) throw new HeddleError('registry-unavailable', 'the registry is closed');
    const plan = planTransaction(
      transaction,
      this.#table,
      (object, value) => canonicalJson(object.value) === canonicalJson(value),
    );
    if (plan.kind !== 'planned') return plan;
    this.#commit(plan.revision, plan.changes);
    for (const { key } of plan.results) {
      const object = this.#table.get(key);
      if (object === undefined) this.#dropLease(key);
      else this.#grantLease(object);
    }
    return { kind: 'committed', revision: plan.revision, results: plan.results };
  }

  /** Disk first, then memory: what a reader sees is durable. */
  #commit(revision: number, changes: readonly Change[]): void {
    if (changes.length === 0) return;
    try {
      this.#file.write(revision, changes);
    } catch (thrown) {
      const reason = `the database file refused the write: ${messageOf(thrown)}`;
      if (this.#failure === undefined) this.#logger.error({ err: thrown }, 'registry cannot write');
      this.#failure ??= { reason, since: this.#clock.now() };
      throw new HeddleError('registry-unavailable', reason, { cause: thrown });
    }
    this.#failure = undefined;
    this.#table.apply(revision, changes);
    this.#history.append(revision, changes);
    this.#guard.observe(changes);
  }

  /** `dueKeys`: leases that ran out just now. */
  #expire(dueKeys: readonly string[]): void {
    for (const key of dueKeys) this.#heldKeys.add(key);
    const mayGo = this.#guard.decide(this.#heldKeys, this.#table);
    for (const key of mayGo) this.#heldKeys.delete(key);
    const changes = mayGo.map((key): Change => ({ kind: 'delete', key, reason: 'lease-expired' }));
    this.#remove(changes);
    this.#heldCheck?.cancel();
    this.#heldCheck =
      this.#heldKeys.size === 0 ? undefined : this.#clock.setTimer(heldCheckMs, () => this.#expire([]));
  }

  #remove(changes: readonly Change[]): void {
    try {
      this.#commit(this.#table.revision + 1, changes);
    } catch {
      // Logged by the commit. The lease is granted once more, so that the removal is tried again.
      for (const { key } of changes) {
        const object = this.#table.get(key);
        if (object !== undefined) this.#grantLease(object);
      }
      return;
    }
    for (const { key } of changes) this.#logger.info({ key }, 'lease expired');
  }

  /** Whether the object has a lease; it then starts anew. */
  #grantLease(object: StoredObject): boolean {
    const ttlMs = leaseTtlMsOf(object.value);
    this.#dropLease(object.key);
    if (ttlMs !== undefined) this.#leases.grant(object.key, ttlMs);
    return ttlMs !== undefined;
  }

  #dropLease(key: string): void {
    this.#leases.drop(key);
    this.#heldKeys.delete(key);
  }
}
