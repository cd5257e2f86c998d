import type { Problem } from '@heddle/shared/errors/problem';
import type { ResourceSource } from './model/resource-source.ts';

/** A resource as it arrived, decoded and checked. */
export interface ReceivedResource<T> {
  readonly name: string;
  readonly version: string;
  /** The resource's wire bytes, for hashes and for /config_dump. */
  readonly bytes: Uint8Array;
  readonly value: T;
}

/** Both variants of the protocol end in this: what was added or changed, and what is gone. */
export interface ResourceUpdate<T> {
  readonly upserts: readonly ReceivedResource<T>[];
  readonly removed: readonly string[];
  /** `version_info`, or delta's `system_version_info`. */
  readonly systemVersion: string;
}

/** A resource that its receiver refuses: becomes part of the NACK. */
export interface RejectedResource {
  readonly name: string;
  readonly problems: readonly Problem[];
}

export interface ResourceWatcher<T> {
  /** Called on the main thread, one response at a time. What it returns is refused; the rest counts as accepted. */
  onUpdate(update: ResourceUpdate<T>): readonly RejectedResource[];
  /** Every resource of the response was refused by its decoder; also ends a first fetch. */
  onRejected(problems: readonly RejectedResource[]): void;
  /** Nothing came within the first-fetch time-out. */
  onInitialFetchTimeout(): void;
}

export interface Subscription {
  /** Ends it; nothing is called afterwards. */
  close(): void;
}

/** Where resources come from: the ADS mux, files, streams of one type, polls. */
export interface SubscriptionSource<T> {
  /**
   * `names` undefined = everything (wildcard). A time-out of 0 waits for ever. What is held already comes at the end
   * of the turn. `stats` hears what becomes of it.
   */
  subscribe(
    names: readonly string[] | undefined,
    watcher: ResourceWatcher<T>,
    initialFetchTimeoutMs: number,
    stats?: SubscriptionStats,
  ): Subscription;
}

/**
 * Resources of one type from the source that somebody names. `scopeName`: of who asks; what is counted about a stream
 * stands below that of the first who did.
 */
export type SourceOf<T> = (source: ResourceSource, scopeName: string) => SubscriptionSource<T>;

/** What is counted about one subscription. */
export interface SubscriptionStats {
  onAttempt(): void;
  onSuccess(answer: {
    readonly version: string;
    readonly atEpochMs: number;
    readonly durationMs: number;
  }): void;
  onRejected(): void;
  /** The stream was lost. */
  onFailure(): void;
  onInitialFetchTimeout(): void;
}

/** Without ADS nothing is subscribed; the bootstrap's decoder refuses what would want to. */
export const noSource: SubscriptionSource<never> = { subscribe: () => ({ close: () => undefined }) };
