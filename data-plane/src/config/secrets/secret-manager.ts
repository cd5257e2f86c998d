import type { Problem } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import { SharedScopes } from '../../stats/shared-scopes.ts';
import type { StatsScope } from '../../stats/stats.ts';
import { createSubscriptionStats } from '../ads/subscription-stats.ts';
import type { Secret, SecretRef, SecretValue } from '../model/secret.ts';
import type { DecodedResource } from '../resources/resource-type.ts';
import type { ReceivedResource, RejectedResource, SourceOf, Subscription } from '../subscription.ts';
import type { ConfigChange } from '../worker-protocol.ts';
import { WatchedDirectories } from '@heddle/shared/files/watched-directories';
import { secretStats } from './secret-stats.ts';

/**
 * The secrets that listeners and clusters name (SDS): each is subscribed once, for as long as somebody needs it. A new
 * one is in every worker before its user is told; a changed one is swapped for new connections, and nothing else
 * happens. What cannot be used is refused, and the one before serves.
 */
export interface SecretManager {
  /** Counted. `onReady` runs once: when the secret is there, or will not come in time. */
  acquire(ref: SecretRef, user: SecretUser, onReady: () => void): { release(): void };
  inspect(): readonly SecretState[];
  stop(): void;
}

export interface SecretUser {
  /** What is wrong with the value in the hands of this user; its paths are those of the `Secret`. */
  problemsOf?(value: SecretValue): readonly Problem[];
  /** The value came or changed. */
  onValue?(value: SecretValue): void;
}

export interface SecretState {
  readonly name: string;
  readonly active: ReceivedResource<Secret> | undefined;
  readonly updatedAt: number;
}

export interface SecretManagerOptions {
  readonly sourceOf: SourceOf<Secret>;
  /** Reads the files of a secret anew. */
  decode(bytes: Uint8Array): DecodedResource<Secret>;
  publish(change: ConfigChange): number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
}

interface Entry {
  readonly ref: SecretRef;
  readonly users: Set<SecretUser>;
  readonly scope: StatsScope;
  active: ReceivedResource<Secret> | undefined;
  updatedAt: number;
  isReady: boolean;
  readonly onReady: (() => void)[];
  subscription: Subscription | undefined;
  files: WatchedDirectories | undefined;
}

export function createSecretManager(options: SecretManagerOptions): SecretManager {
  const { clock, logger, publish } = options;
  const entries = new Map<string, Entry>();
  /** Secrets of one name share their statistics. */
  const scopes = new SharedScopes(options.stats);

  function becomeReady(entry: Entry): void {
    if (entry.isReady) return;
    entry.isReady = true;
    for (const callback of entry.onReady.splice(0)) callback();
  }

  function problemsOf({ ref, users }: Entry, { value }: Secret): Problem[] {
    if (value.kind !== ref.kind) {
      const message = `is a ${toWords(value.kind)}, and it is used as a ${toWords(ref.kind)}`;
      return [{ path: value.kind.replaceAll('-', '_'), message }];
    }
    const problems = [...users].flatMap((user) => user.problemsOf?.(value) ?? []);
    return problems.filter(
      ({ path, message }, i) =>
        problems.findIndex((one) => one.path === path && one.message === message) === i,
    );
  }

  function serve(entry: Entry, resource: ReceivedResource<Secret>): void {
    const { value } = resource.value;
    entry.active = resource;
    entry.updatedAt = clock.now();
    publish({ secrets: [{ key: entry.ref.key, value }] });
    for (const user of entry.users) user.onValue?.(value);
    becomeReady(entry);
  }

  function watchFiles(entry: Entry, resource: ReceivedResource<Secret>): void {
    entry.files?.stop();
    const { watchedDirectories } = resource.value;
    entry.files =
      watchedDirectories.length === 0
        ? undefined
        : new WatchedDirectories(watchedDirectories, () => rereadFiles(entry, resource), logger);
  }

  /** Until two readings in a row are the same: a certificate and its key are two files, and do not come at once. */
  function rereadFiles(entry: Entry, resource: ReceivedResource<Secret>): void {
    let decoded = options.decode(resource.bytes);
    for (let attempt = 0; attempt < 5; attempt++) {
      const again = options.decode(resource.bytes);
      if (JSON.stringify(again) === JSON.stringify(decoded)) break;
      decoded = again;
    }
    const problems = decoded.kind === 'refused' ? decoded.problems : problemsOf(entry, decoded.value);
    if (decoded.kind === 'ok' && problems.length === 0) {
      if (JSON.stringify(decoded.value) === JSON.stringify(entry.active?.value)) return;
      logger.info({ secretName: entry.ref.name }, 'files of a secret have changed');
      serve(entry, { ...resource, value: decoded.value });
      return;
    }
    secretStats.create(entry.scope).keyRotationFailed.inc();
    logger.warn(
      { secretName: entry.ref.name, problems },
      'files of a secret cannot be used: those before serve',
    );
  }

  function subscribe(entry: Entry): Subscription {
    const { name, source, initialFetchTimeoutMs } = entry.ref;
    return options.sourceOf(source, scopeNameOf(entry.ref)).subscribe(
      [name],
      {
        // A secret that is reported as removed serves on, as in Envoy.
        onUpdate({ upserts }): readonly RejectedResource[] {
          const resource = upserts.find((candidate) => candidate.name === name);
          const problems = resource === undefined ? [] : problemsOf(entry, resource.value);
          if (resource === undefined || problems.length > 0) {
            becomeReady(entry);
            return problems.length === 0 ? [] : [{ name, problems }];
          }
          watchFiles(entry, resource);
          serve(entry, resource);
          return [];
        },
        onRejected: () => becomeReady(entry),
        onInitialFetchTimeout() {
          logger.warn({ secretName: name }, 'secret did not come in time');
          becomeReady(entry);
        },
      },
      initialFetchTimeoutMs,
      createSubscriptionStats(entry.scope, source.kind),
    );
  }

  function createEntry(ref: SecretRef): Entry {
    const scope = scopes.acquire(scopeNameOf(ref));
    secretStats.create(scope);
    return {
      ref,
      users: new Set(),
      scope,
      active: undefined,
      updatedAt: clock.now(),
      isReady: false,
      onReady: [],
      subscription: undefined,
      files: undefined,
    };
  }

  function end(entry: Entry): void {
    entry.subscription?.close();
    entry.files?.stop();
    entries.delete(entry.ref.key);
    scopes.release(scopeNameOf(entry.ref));
  }

  return {
    acquire(ref, user, onReady) {
      let entry = entries.get(ref.key);
      const isNew = entry === undefined;
      entry ??= createEntry(ref);
      const used = entry;
      entries.set(ref.key, used);
      used.users.add(user);
      if (used.active !== undefined) user.onValue?.(used.active.value.value);
      used.onReady.push(onReady);
      if (isNew) used.subscription = subscribe(used);
      else if (used.isReady) for (const callback of used.onReady.splice(0)) callback();
      return {
        release() {
          if (!used.users.delete(user) || used.users.size > 0) return;
          end(used);
          if (used.active !== undefined) publish({ removedSecrets: [ref.key] });
        },
      };
    },
    inspect: () =>
      [...entries.values()].map(({ ref, active, updatedAt }) => ({ name: ref.name, active, updatedAt })),
    stop() {
      for (const entry of [...entries.values()]) end(entry);
    },
  };
}

function scopeNameOf({ name }: SecretRef): string {
  return `sds.${name}.`;
}

function toWords(kind: SecretValue['kind']): string {
  return kind.replaceAll('-', ' ');
}
