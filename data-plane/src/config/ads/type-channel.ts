import type { Clock } from '@heddle/shared/time/clock';
import type { Logger } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Problem } from '@heddle/shared/errors/problem';
import type { ResourceType } from '../resources/resource-type.ts';
import type { SavedType } from '../saved/saved-resources.ts';
import type {
  ReceivedResource,
  RejectedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionSource,
  SubscriptionStats,
} from '../subscription.ts';
import type { TypeStatus } from './ads-status.ts';
import { describeResources } from './describe-resources.ts';
import { collectAnswers, type Answer } from './collect-answers.ts';
import type { IncomingResponse } from './incoming-response.ts';
import type { Outcome, VersionChanges } from './mux-state.ts';
import { buildNack } from './nack-message.ts';
import { findForeignType, readResources, refuseMissing, type ReadResources } from './read-resources.ts';
import { ResourceStore } from './resource-store.ts';
import { ResourceTtl } from './resource-ttl.ts';
import { selectSaved } from './select-saved.ts';
import { silentSubscriptionStats } from './subscription-stats.ts';
import { WatchSet, type Watch } from './watch-set.ts';

export interface ChannelOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly yieldTurn: () => Promise<void>;
  /** Names that are newly watched, or no longer; undefined = everything. `held`: what is there of them. */
  onInterestAdded(names: readonly string[] | undefined, held: VersionChanges['accepted']): void;
  onInterestRemoved(names: readonly string[] | undefined): void;
  onExpired(names: readonly string[]): void;
  /** Each reading is an attempt that the owner counts; on a stream each wait is one. */
  readonly isPolled?: boolean;
  /** Why a watched name that a response lacks is refused. Absent: of such a name nothing was said. */
  readonly missing?: string;
}

/** What came of a saved type. */
export interface Restored {
  readonly accepted: VersionChanges['accepted'];
  readonly unusableCount: number;
  /** Not empty when all of a full set of that version is held now. */
  readonly version: string;
}

export const nothingRestored: Restored = { accepted: [], unusableCount: 0, version: '' };

/** One resource type of the ADS stream: who watches what, what is held, and how a response reaches the watchers. */
export class TypeChannel<T> implements SubscriptionSource<T> {
  readonly #type: ResourceType<T>;
  readonly #options: ChannelOptions;
  readonly #watches = new WatchSet<T>();
  readonly #store = new ResourceStore<T>();
  readonly #ttl: ResourceTtl;
  /** Names that lost their last watch since the server was told last. */
  readonly #unwatched = new Set<string>();
  #version = '';
  #isStopped = false;
  #nack: TypeStatus['nack'];

  constructor(type: ResourceType<T>, options: ChannelOptions) {
    this.#type = type;
    this.#options = options;
    this.#ttl = new ResourceTtl(options.clock, (names) => this.#expire(names));
  }

  subscribe(
    names: readonly string[] | undefined,
    watcher: ResourceWatcher<T>,
    initialFetchTimeoutMs: number,
    stats: SubscriptionStats = silentSubscriptionStats,
  ): Subscription {
    const watch: Watch<T> = {
      names: names === undefined ? undefined : new Set(names),
      watcher,
      stats,
      firstFetchTimer: undefined,
      isAnswered: false,
      hasTimedOut: false,
    };
    if (this.#options.isPolled !== true) watch.stats.onAttempt();
    if (initialFetchTimeoutMs > 0) {
      watch.firstFetchTimer = this.#options.clock.setTimer(initialFetchTimeoutMs, () =>
        this.#onFirstFetchTimeout(watch),
      );
    }
    const added = this.#watches.add(watch);
    if (added === undefined || added.length > 0) this.#options.onInterestAdded(added, this.#held(added));
    // Not before the caller has its subscription in hand.
    queueMicrotask(() => this.#answerFromStore(watch));
    return { close: () => this.#close(watch) };
  }

  /** Decodes, checks, tells the watchers. Other events may run meanwhile, another response of this type must not. */
  async process(response: IncomingResponse): Promise<Outcome> {
    const foreign = findForeignType(response);
    if (foreign !== undefined) {
      for (const watch of this.#watches.all)
        this.#tell(watch, { upserts: [], removed: [], refused: [foreign], unchangedCount: 0 }, response);
      return this.#refuse(response, [foreign], { accepted: [], removed: [] });
    }
    const decoded = await readResources(response, this.#type, this.#store, this.#options);
    const read = refuseMissing(decoded, this.#watches.names, this.#options.missing);
    if (this.#isStopped) return { kind: 'unwatched' };
    const removed = this.#removedBy(response, read);
    if (
      read.confirmed.length > 0 &&
      read.confirmed.length === response.resources.length &&
      removed.length === 0
    ) {
      return { kind: 'accepted', changes: this.#keep(response, read, removed, new Map()) };
    }
    const rejected = new Map<string, RejectedResource>();
    for (const [watch, answer] of collectAnswers(this.#watches, read, removed)) {
      for (const resource of this.#tell(watch, answer, response)) rejected.set(resource.name, resource);
    }
    const changes = this.#keep(response, read, removed, rejected);
    if (read.refused.length + rejected.size > 0) {
      return this.#refuse(response, [...read.refused, ...rejected.values()], changes);
    }
    this.#version = response.version;
    this.#nack = undefined;
    return { kind: 'accepted', changes };
  }

  /** Some subscription has had no first answer. */
  get isWaiting(): boolean {
    return [...this.#watches.all].some(({ isAnswered }) => !isAnswered);
  }

  /**
   * Answers the subscriptions that had no answer from what was saved, as far as it can be used. Not while a response
   * of this type is processed.
   */
  async restore(saved: SavedType): Promise<Restored> {
    const response = selectSaved(saved, this.#watches, this.#store);
    const read = await readResources(response, this.#type, this.#store, this.#options);
    const unusable = [...read.refused];
    const rejected = new Map<string, RejectedResource>();
    const accepted: { name: string; version: string }[] = [];
    if (this.#isStopped) return nothingRestored;
    for (const [watch, answer] of collectAnswers(this.#watches, read, [])) {
      if (watch.isAnswered) continue;
      // What could not be read may still come from the server: the first fetch goes on.
      if (watch.names !== undefined && answer.upserts.length === 0) continue;
      this.#stopFirstFetchTimer(watch);
      watch.isAnswered = true;
      const update = { upserts: answer.upserts, removed: [], systemVersion: saved.version };
      for (const resource of this.#update(watch, update)) rejected.set(resource.name, resource);
    }
    const at = this.#options.clock.now();
    for (const { resource, hash } of read.changed) {
      if (rejected.has(resource.name) || !this.#watches.isWanted(resource.name)) continue;
      this.#store.accept(resource, hash, at, 'saved');
      accepted.push({ name: resource.name, version: resource.version });
    }
    unusable.push(...rejected.values());
    for (const { name, problems } of unusable) {
      this.#options.logger.warn(
        { typeUrl: this.#type.typeUrl, name, problems },
        'saved resource cannot be used and is left out',
      );
    }
    if (this.#version === '') this.#version = saved.version;
    const isComplete = this.#type.isFullSet && unusable.length === 0;
    return { accepted, unusableCount: unusable.length, version: isComplete ? saved.version : '' };
  }

  /** The server agrees with all that came from the file. */
  confirmRestored(): void {
    this.#store.confirmAll();
  }

  /** What is held, to be saved. Without what has a time to live: it is meant to go when the server is silent. */
  held(): SavedType {
    const accepted = this.#store.allAccepted();
    const resources = accepted.filter(({ name }) => !this.#ttl.has(name));
    // After a refusal what is held is of two versions.
    const isComplete = resources.length === accepted.length && this.#nack === undefined;
    return { typeUrl: this.#type.typeUrl, version: isComplete ? this.#version : '', resources };
  }

  /** Drops what nobody wants, once the server has been told. */
  forgetUnwatched(): void {
    for (const name of this.#unwatched) if (!this.#watches.isWanted(name)) this.#store.forget(name);
    this.#unwatched.clear();
  }

  onStreamLost(): void {
    for (const watch of this.#watches.all) watch.stats.onFailure();
  }

  onAttempt(): void {
    for (const watch of this.#watches.all) watch.stats.onAttempt();
  }

  /** There is an answer that cannot be read: it ends the first fetch, as a refusal. */
  onUnreadable(counted: 'failure' | 'rejection', problems: readonly Problem[]): void {
    const { typeUrl } = this.#type;
    this.#options.logger.warn({ typeUrl, problems }, 'answer cannot be read');
    for (const watch of [...this.#watches.all]) {
      this.#stopFirstFetchTimer(watch);
      watch.isAnswered = true;
      if (counted === 'failure') watch.stats.onFailure();
      else watch.stats.onRejected();
      watch.watcher.onRejected([{ name: '', problems }]);
    }
  }

  watchedNames(): Iterable<string> {
    return this.#watches.names;
  }

  stop(): void {
    this.#isStopped = true;
    this.#ttl.stop();
    for (const watch of this.#watches.all) this.#stopFirstFetchTimer(watch);
  }

  /** Of the last response that was accepted as a whole; empty before. */
  get acceptedVersion(): string {
    return this.#version;
  }

  status(): TypeStatus {
    return {
      typeUrl: this.#type.typeUrl,
      version: this.#version,
      ...(this.#nack === undefined ? {} : { nack: this.#nack }),
      resources: describeResources(this.#watches, this.#store),
    };
  }

  #removedBy(response: IncomingResponse, read: ReadResources<T>): string[] {
    if (response.variant === 'delta') return response.removed.filter((name) => !read.timesToLive.has(name));
    if (!this.#type.isFullSet) return [];
    const candidates = new Set([...this.#store.names(), ...this.#watches.names]);
    // A resource that cannot be read has no name; which one it was nobody knows, so none counts as gone.
    if (read.refused.some(({ name }) => name === '')) return [];
    return [...candidates].filter((name) => !read.timesToLive.has(name) && !this.#store.isKnownAbsent(name));
  }

  #tell(watch: Watch<T>, answer: Answer<T>, response: IncomingResponse): readonly RejectedResource[] {
    const { clock } = this.#options;
    const { refused, unchangedCount } = answer;
    const isFirst = !watch.isAnswered;
    const { upserts, removed } = isFirst ? this.#withHeld(watch, answer) : answer;
    this.#stopFirstFetchTimer(watch);
    watch.isAnswered = true;
    const startMs = clock.monotonicMs();
    let rejected: readonly RejectedResource[] = [];
    if (refused.length > 0 && upserts.length + removed.length + unchangedCount === 0) {
      watch.watcher.onRejected(refused);
    } else if (upserts.length + removed.length > 0 || watch.names === undefined || isFirst) {
      rejected = this.#update(watch, { upserts, removed, systemVersion: response.version });
    }
    if (refused.length + rejected.length > 0) watch.stats.onRejected();
    else {
      const durationMs = clock.monotonicMs() - startMs;
      watch.stats.onSuccess({ version: response.version, atEpochMs: clock.now(), durationMs });
    }
    return rejected;
  }

  /** A watch that had nothing yet hears of what is held, too: the response may have only what changed. */
  #withHeld(watch: Watch<T>, { upserts, removed }: Answer<T>): Pick<Answer<T>, 'upserts' | 'removed'> {
    const said = new Set([...upserts.map(({ name }) => name), ...removed]);
    return {
      upserts: [...upserts, ...this.#held(watch.names).filter(({ name }) => !said.has(name))],
      removed: [
        ...removed,
        ...[...(watch.names ?? [])].filter((name) => this.#store.isKnownAbsent(name) && !said.has(name)),
      ],
    };
  }

  #held(names: Iterable<string> | undefined): readonly ReceivedResource<T>[] {
    if (names === undefined) return this.#store.allAccepted();
    return [...names].flatMap((name) => this.#store.accepted(name) ?? []);
  }

  /** A watcher that throws refuses what it was given. */
  #update(watch: Watch<T>, update: ResourceUpdate<T>): readonly RejectedResource[] {
    try {
      return watch.watcher.onUpdate(update);
    } catch (thrown) {
      const { typeUrl } = this.#type;
      this.#options.logger.error(
        { typeUrl, version: update.systemVersion, err: thrown },
        'resource watcher failed',
      );
      const problems = [{ path: '', message: `could not be applied: ${messageOf(thrown)}` }];
      return update.upserts.map(({ name }) => ({ name, problems }));
    }
  }

  #keep(
    response: IncomingResponse,
    read: ReadResources<T>,
    removed: readonly string[],
    rejected: ReadonlyMap<string, RejectedResource>,
  ): VersionChanges {
    const at = this.#options.clock.now();
    const accepted: { name: string; version: string }[] = [...read.unchanged];
    for (const { name, version } of read.unchanged) {
      if (this.#watches.isWanted(name)) this.#store.confirm(name, version, at);
    }
    for (const { resource, hash } of read.changed) {
      if (rejected.has(resource.name)) continue;
      accepted.push({ name: resource.name, version: resource.version });
      if (this.#watches.isWanted(resource.name)) this.#store.accept(resource, hash, at);
    }
    for (const { name, problems } of [...read.refused, ...rejected.values()]) {
      if (this.#watches.isWanted(name)) this.#store.refuse(name, response.version, problems, at);
    }
    for (const name of removed) this.#store.remove(name, at, this.#watches.isWatchedByName(name));
    for (const [name, ttlMs] of read.timesToLive) this.#ttl.set(name, ttlMs);
    for (const name of removed) this.#ttl.set(name, undefined);
    this.#ttl.arm();
    for (const [name, ignored] of read.ignored) {
      this.#options.logger.info(
        { typeUrl: this.#type.typeUrl, name, ignored },
        'resource has fields that are ignored',
      );
    }
    return { accepted, removed };
  }

  #refuse(
    response: IncomingResponse,
    refused: readonly RejectedResource[],
    changes: VersionChanges,
  ): Outcome {
    const error = buildNack(response.typeUrl, refused);
    const isRepeated = this.#nack?.version === response.version && this.#nack.message === error.message;
    this.#nack = { version: response.version, message: error.message, at: this.#options.clock.now() };
    // The server may send it again and again; the log says it once.
    this.#options.logger[isRepeated ? 'debug' : 'warn'](
      { typeUrl: response.typeUrl, version: response.version, nonce: response.nonce, reason: error.message },
      'configuration refused',
    );
    return { kind: 'refused', error, changes };
  }

  #answerFromStore(watch: Watch<T>): void {
    if (this.#isStopped || !this.#watches.has(watch) || watch.isAnswered) return;
    const upserts = this.#held(watch.names);
    const removed = [...(watch.names ?? [])].filter((name) => this.#store.isKnownAbsent(name));
    if (upserts.length + removed.length === 0) return;
    this.#stopFirstFetchTimer(watch);
    watch.isAnswered = true;
    // What it refuses was accepted from the server before: there is nothing left to refuse it to.
    this.#update(watch, { upserts, removed, systemVersion: this.#version });
  }

  #expire(names: readonly string[]): void {
    const at = this.#options.clock.now();
    this.#options.logger.warn({ typeUrl: this.#type.typeUrl, names }, 'resources expired');
    const answers = collectAnswers(
      this.#watches,
      { changed: [], unchanged: [], confirmed: [], refused: [] },
      names,
    );
    for (const [watch, { removed }] of answers) {
      this.#update(watch, { upserts: [], removed, systemVersion: this.#version });
    }
    for (const name of names) this.#store.remove(name, at, this.#watches.isWatchedByName(name));
    this.#options.onExpired(names);
  }

  #onFirstFetchTimeout(watch: Watch<T>): void {
    watch.hasTimedOut = true;
    watch.stats.onInitialFetchTimeout();
    this.#options.logger.warn(
      { typeUrl: this.#type.typeUrl, names: watch.names === undefined ? ['*'] : [...watch.names] },
      'first fetch timed out',
    );
    watch.watcher.onInitialFetchTimeout();
  }

  #stopFirstFetchTimer(watch: Watch<T>): void {
    watch.firstFetchTimer?.cancel();
    watch.firstFetchTimer = undefined;
  }

  #close(watch: Watch<T>): void {
    if (!this.#watches.has(watch)) return;
    this.#stopFirstFetchTimer(watch);
    const removed = this.#watches.remove(watch);
    for (const name of removed ?? this.#store.names()) this.#unwatched.add(name);
    if (removed === undefined || removed.length > 0) this.#options.onInterestRemoved(removed);
  }
}
