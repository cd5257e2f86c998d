import type { Logger } from '@heddle/shared/logging/logger';
import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { StatsScope } from '../../stats/stats.ts';
import type { TypeStatus } from '../ads/ads-status.ts';
import type { Ads } from '../ads/create-ads.ts';
import { createSubscriptionStats } from '../ads/subscription-stats.ts';
import type { Bootstrap } from '../model/bootstrap.ts';
import { sourceKey, type ResourceSource, type SourceConfig } from '../model/resource-source.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { SavedConfig } from '../saved/saved-config.ts';
import {
  noSource,
  type ResourceWatcher,
  type SourceOf,
  type Subscription,
  type SubscriptionSource,
} from '../subscription.ts';
import type { ManagementServerTls } from './connect-securely.ts';

/** A file, a stream or a poll; runs while somebody subscribes. */
export interface RunningSource<T> extends SubscriptionSource<T> {
  status(): TypeStatus;
  /** `forever`: nobody wants it any more, as opposed to the end of the process. */
  stop(forever: boolean): void;
}

export interface ResourceSourcesOptions {
  readonly bootstrap: Pick<Bootstrap, 'node' | 'grpcServers'>;
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
  /** Undefined: nothing comes by ADS; decoders refuse what would want to. */
  readonly ads: Ads | undefined;
  /** Undefined: nothing is kept for the next start. */
  readonly saved?: Pick<SavedConfig, 'source'> | undefined;
  readonly serverTls: ManagementServerTls;
}

/** Every place where resources come from. Main thread. */
export interface ResourceSources {
  sourceOf<T>(type: ResourceType<T>): SourceOf<T>;
  /** To all that there is of a type, counted in the scope, for as long as the process runs. */
  subscribeToAll<T>(
    type: ResourceType<T>,
    watcher: ResourceWatcher<T>,
    config: SourceConfig,
    scopeName: string,
  ): void;
  /** Of all sources but ADS. */
  status(): TypeStatus[];
  stop(): void;
}

interface Entry<T> {
  subscriptionCount: number;
  source: RunningSource<T> | undefined;
  readonly loaded: Promise<RunningSource<T>>;
}

/** Whoever names the same source for the same type shares one stream, one reading of the file, one poll. */
export function createResourceSources(options: ResourceSourcesOptions): ResourceSources {
  const entries = new Map<string, Entry<unknown>>();

  function open<T>(type: ResourceType<T>, source: ResourceSource, scopeName: string): Entry<T> {
    const entry: Entry<T> = {
      subscriptionCount: 0,
      source: undefined,
      loaded: startSource(type, source, scopeName, options).then((running) => (entry.source = running)),
    };
    return entry;
  }

  function subscribable<T>(
    type: ResourceType<T>,
    source: ResourceSource,
    scopeName: string,
  ): SubscriptionSource<T> {
    const key = `${type.typeUrl} ${sourceKey(source)}`;
    return {
      subscribe(...subscription) {
        // The key holds the type's URL, so the entry's values are of the type.
        const entry = (entries.get(key) as Entry<T> | undefined) ?? open(type, source, scopeName);
        entries.set(key, entry);
        entry.subscriptionCount += 1;
        let inner: Subscription | undefined;
        let isClosed = false;
        void entry.loaded.then((running) => {
          if (!isClosed) inner = running.subscribe(...subscription);
        });
        return {
          close() {
            if (isClosed) return;
            isClosed = true;
            inner?.close();
            entry.subscriptionCount -= 1;
            if (entry.subscriptionCount > 0) return;
            if (entries.get(key) === entry) entries.delete(key);
            void entry.loaded.then((running) => running.stop(true));
          },
        };
      },
    };
  }

  function sourceOf<T>(type: ResourceType<T>): SourceOf<T> {
    return (source, scopeName) =>
      source.kind === 'ads' ? (options.ads?.source(type) ?? noSource) : subscribable(type, source, scopeName);
  }

  return {
    sourceOf,
    subscribeToAll(type, watcher, { source, initialFetchTimeoutMs }, scopeName) {
      const counted = createSubscriptionStats(options.stats.scope(scopeName), source.kind);
      sourceOf(type)(source, scopeName).subscribe(undefined, watcher, initialFetchTimeoutMs, counted);
    },
    status: () => [...entries.values()].flatMap(({ source }) => source?.status() ?? []),
    stop() {
      for (const entry of entries.values()) void entry.loaded.then((running) => running.stop(false));
      entries.clear();
    },
  };
}

/** Each kind is loaded by those who have it: most sidecars know ADS alone. */
async function startSource<T>(
  type: ResourceType<T>,
  source: ResourceSource,
  scopeName: string,
  options: ResourceSourcesOptions,
): Promise<RunningSource<T>> {
  switch (source.kind) {
    case 'ads':
      throw new Error('ADS is started by itself');
    case 'file':
      return new (await import('./file-source.ts')).FileSource(type, source, options);
    case 'grpc':
      return (await import('./grpc-source.ts')).startGrpcSource(type, source.service, scopeName, options);
    case 'rest':
      return new (await import('./rest-source.ts')).RestSource(type, source.service, options);
  }
}
