import type { Logger } from '@heddle/shared/logging/logger';
import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { ActiveConfig } from './config/active-config.ts';
import type { Ads } from './config/ads/create-ads.ts';
import type { Bootstrap } from './config/model/bootstrap.ts';
import type { GrpcSecretService, Secret, SecretSource } from './config/model/secret.ts';
import type { ResourceTypes } from './config/resources/resource-types.ts';
import { createContextSecrets, type ContextSecretsFactory } from './config/secrets/context-secrets.ts';
import { ExpiryWatch } from './config/secrets/expiry-watch.ts';
import type { SavedConfig } from './config/saved/saved-config.ts';
import { createFileSecretSource } from './config/secrets/file-secret-source.ts';
import { createSecretManager, type SecretState } from './config/secrets/secret-manager.ts';
import type { SubscriptionSource } from './config/subscription.ts';
import type { StatsScope } from './stats/stats.ts';
import type { WorkerSecrets } from './transport/tls/worker-secrets.ts';

export interface SecretsOptions {
  readonly bootstrap: Bootstrap;
  readonly resourceTypes: ResourceTypes;
  readonly api: XdsApi;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly stats: StatsScope;
  readonly activeConfig: ActiveConfig;
  /** Undefined: there is no management server. */
  readonly ads: Ads | undefined;
  /** Undefined: nothing is kept for the next start. */
  readonly saved: SavedConfig | undefined;
  /** Of the main thread, for health checks. */
  readonly ownSecrets: WorkerSecrets;
}

export interface Secrets extends ContextSecretsFactory {
  inspect(): readonly SecretState[];
  /** Of all certificates and authorities in use; Envoy's value for "none" where there is none. */
  daysUntilFirstExpiry(): number;
  stop(): void;
}

/** Joins the secrets to where they come from: ADS, files, gRPC streams of their own. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { resourceTypes, api, clock, logger, stats, activeConfig, ads, ownSecrets } = options;
  const type = resourceTypes.secret;
  const expiry = new ExpiryWatch(clock, logger);
  function sourceOf(source: SecretSource): SubscriptionSource<Secret> {
    switch (source.kind) {
      case 'ads':
        // Without a management server the decoder refuses what would want one.
        return ads?.source(type) ?? { subscribe: () => ({ close: () => undefined }) };
      case 'file': {
        const { path, watchedDirectory } = source;
        return createFileSecretSource({ path, watchedDirectory, type, api, clock, logger });
      }
      case 'grpc':
        return createGrpcSource(source.service, options);
    }
  }
  const manager = createSecretManager({
    sourceOf,
    decode: (bytes) => type.decode(bytes),
    publish(change) {
      for (const { key, value } of change.secrets ?? []) ownSecrets.set(key, value);
      for (const key of change.removedSecrets ?? []) ownSecrets.remove(key);
      return activeConfig.publish(change);
    },
    clock,
    logger,
    stats,
  });
  const contexts = createContextSecrets(manager, expiry, stats);
  return {
    acquire: (owner, tls, onReady) => contexts.acquire(owner, tls, onReady),
    inspect: () => manager.inspect(),
    daysUntilFirstExpiry: () => expiry.daysUntilFirstExpiry(),
    stop() {
      manager.stop();
      expiry.stop();
    },
  };
}

/** As in Envoy every secret has a stream of its own. */
function createGrpcSource(
  service: GrpcSecretService,
  { bootstrap, resourceTypes, api, clock, rng, logger, stats, saved }: SecretsOptions,
): SubscriptionSource<Secret> {
  return {
    subscribe(names, watcher, initialFetchTimeoutMs, subscriptionStats) {
      let ads: Ads | undefined;
      const savedSource = saved?.source(`secrets ${service.clusterName} ${names?.[0] ?? ''}`);
      let isClosed = false;
      void import('./xds-clients.ts').then(({ createAds }) => {
        const server = bootstrap.grpcServers.get(service.clusterName);
        if (isClosed || server === undefined) return;
        ads = createAds({
          config: { ...service, ...server },
          service: 'secrets',
          node: bootstrap.node,
          api,
          resourceTypes: [resourceTypes.secret],
          clock,
          rng,
          logger,
          stats: stats.scope(`sds.${names?.[0] ?? ''}.`),
          onProcessed: () => undefined,
          saved: savedSource,
        });
        ads.source(resourceTypes.secret).subscribe(names, watcher, initialFetchTimeoutMs, subscriptionStats);
        ads.start();
      });
      return {
        close() {
          isClosed = true;
          ads?.stop();
          savedSource?.remove();
        },
      };
    },
  };
}
