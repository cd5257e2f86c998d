import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock } from '@heddle/shared/time/clock';
import type { ActiveConfig } from './config/active-config.ts';
import type { ResourceTypes } from './config/resources/resource-types.ts';
import { createContextSecrets, type ContextSecretsFactory } from './config/secrets/context-secrets.ts';
import { ExpiryWatch } from './config/secrets/expiry-watch.ts';
import { createSecretManager, type SecretState } from './config/secrets/secret-manager.ts';
import type { ResourceSources } from './config/sources/resource-sources.ts';
import type { StatsScope } from './stats/stats.ts';
import type { WorkerSecrets } from './transport/tls/worker-secrets.ts';

export interface SecretsOptions {
  readonly resourceTypes: ResourceTypes;
  readonly sources: ResourceSources;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stats: StatsScope;
  readonly activeConfig: ActiveConfig;
  /** Of the main thread, for health checks. */
  readonly ownSecrets: WorkerSecrets;
}

export interface Secrets extends ContextSecretsFactory {
  inspect(): readonly SecretState[];
  /** Of all certificates and authorities in use; Envoy's value for "none" where there is none. */
  daysUntilFirstExpiry(): number;
  stop(): void;
}

/** Joins the secrets to where they come from, and to who uses them. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { resourceTypes, sources, clock, logger, stats, activeConfig, ownSecrets } = options;
  const type = resourceTypes.secret;
  const expiry = new ExpiryWatch(clock, logger);
  const manager = createSecretManager({
    sourceOf: sources.sourceOf(type),
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
