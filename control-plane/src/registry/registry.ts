import type { MeshObject } from '@heddle/shared/model/mesh-object';

/**
 * Where the mesh objects live. Two stores implement it (embedded, Redis) and pass the same contract suite.
 *
 * Reads answer at once from memory. A transaction that resolved is durable and visible to the reads of this
 * process. Every transaction that changes something takes the next revision; all its writes share it.
 * Before the store was read completely once, reads and writes throw `registry-unavailable`.
 * While the store is away, reads serve the last known state and writes throw `registry-unavailable`.
 */
export interface Registry {
  get(key: string): StoredObject | undefined;
  /** Objects whose key starts with `prefix`, in order of keys. `''` lists everything. */
  list(prefix: string): readonly StoredObject[];
  /** All of it or nothing. Throws `registry-unavailable`; whether it was written is unknown if the store vanished meanwhile. */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** Starts the lease's time to live anew. Changes no revision, and never brings a deleted object back. */
  renew(key: string): Promise<RenewResult>;
  /**
   * What changes after `fromRevision`, in order, until the iterator is returned or the registry closed. Without
   * `fromRevision` the first event is a `reset` as soon as the store was read completely. Each caller is the
   * only consumer of its iterator; a slow one costs no memory but may get a `reset`.
   */
  watch(options?: WatchOptions): AsyncIterableIterator<WatchEvent>;
  status(): RegistryStatus;
  /** Instances whose leases ran out, and which stay because most of their service would go at once. */
  held(): readonly HeldInstances[];
  /**
   * The operator's word. With a service: its held instances go. Without: a store that was replaced by one with less
   * in it is taken as it is. Returns how many instances go; 0 when nothing is held. Throws `registry-unavailable`.
   */
  acceptLoss(service?: string): Promise<number>;
  /** Ends the watches, then lets go of the store. Idempotent. */
  close(): Promise<void>;
}

export interface HeldInstances {
  readonly service: string;
  /** Ids of the instances, in order. */
  readonly instances: readonly string[];
  /** Instances of the service, with those that are held. */
  readonly totalCount: number;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface StoredObject {
  readonly key: string;
  /** Deeply frozen. */
  readonly value: MeshObject;
  readonly createRevision: number;
  readonly modifyRevision: number;
}

export type Write =
  | {
      readonly kind: 'put';
      readonly value: MeshObject;
      /** The object's modifyRevision; 0: it must not exist. */
      readonly expectedRevision?: number;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly expectedRevision?: number };

/** What the caller has read before it decided to write; the transaction fails as `stale` if it changed since. */
export type ReadCondition =
  | {
      readonly kind: 'key';
      readonly key: string;
      /** modifyRevision that was read; 0: it did not exist. */
      readonly revision: number;
    }
  | {
      readonly kind: 'collection';
      /** As `collectionOf` returns it, for example `route/` or `instance/cart/`. */
      readonly collection: string;
      /** Nothing in the collection was put or deleted after this revision. */
      readonly unchangedSince: number;
    };

export interface Transaction {
  /** At most one write for each key. */
  readonly writes: readonly Write[];
  readonly conditions?: readonly ReadCondition[];
}

export type WriteOutcome = 'created' | 'changed' | 'unchanged' | 'deleted' | 'absent';

export interface WriteResult {
  readonly key: string;
  /** `unchanged`: an equal value was there; its revision stays, its lease starts anew. `absent`: nothing to delete. */
  readonly outcome: WriteOutcome;
  /** modifyRevision after the write; 0 when there is no object. */
  readonly revision: number;
}

export type TransactionResult =
  | {
      readonly kind: 'committed';
      /** Revision of the registry afterwards; the same as before when nothing changed. */
      readonly revision: number;
      /** One for each write, in their order. */
      readonly results: readonly WriteResult[];
    }
  /** An `expectedRevision` did not hold; nothing was written. `actualRevision` 0: there is no such object. */
  | { readonly kind: 'mismatch'; readonly key: string; readonly actualRevision: number }
  /** A condition did not hold; nothing was written. Reads already show what changed, so reading again helps. */
  | { readonly kind: 'stale' };

/** `unleased`: the object exists and has no lease. */
export type RenewResult =
  { readonly kind: 'renewed' } | { readonly kind: 'absent' } | { readonly kind: 'unleased' };

export interface WatchOptions {
  readonly fromRevision?: number;
  /** Only changes of keys that start with it. */
  readonly prefix?: string;
}

export type WatchEvent =
  | { readonly kind: 'changed'; readonly revision: number; readonly changes: readonly Change[] }
  /** What happened since is no longer known: read everything again. `revision` is the one that reads now show. */
  | { readonly kind: 'reset'; readonly revision: number };

export type Change =
  | { readonly kind: 'put'; readonly key: string; readonly object: StoredObject }
  | { readonly kind: 'delete'; readonly key: string; readonly reason: 'deleted' | 'lease-expired' };

export type RegistryStatus =
  /** The store was not read completely yet; `reason` says what stands in the way, if something does. */
  | { readonly kind: 'loading'; readonly reason: string }
  | { readonly kind: 'available'; readonly revision: number; readonly lastRefill?: StoreRefill }
  | {
      readonly kind: 'unavailable';
      readonly revision: number;
      readonly reason: string;
      readonly since: number;
      readonly lastRefill?: StoreRefill;
    }
  | { readonly kind: 'closed' };

/** The store had lost data, and this control plane gave it back. */
export interface StoreRefill {
  /** Since the start. */
  readonly count: number;
  /** Epoch milliseconds, of the last one. */
  readonly at: number;
  readonly objectCount: number;
}

/** Leases run on the value itself: an instance's `spec.lease`. Milliseconds. */
export function leaseTtlMsOf(value: MeshObject): number | undefined {
  if (value.kind !== 'Instance' || value.spec.lease === undefined) return undefined;
  return value.spec.lease.ttlSeconds * 1000;
}
