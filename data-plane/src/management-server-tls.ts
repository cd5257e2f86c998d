import type { Logger } from '@heddle/shared/logging/logger';
import type { Bootstrap } from './config/model/bootstrap.ts';
import type { UpstreamTls } from './config/model/tls.ts';
import type { ResourceTypes } from './config/resources/resource-types.ts';
import type { ManagementServerTls } from './config/sources/connect-securely.ts';
import type { StatsScope } from './stats/stats.ts';
import { CurrentContext } from './transport/tls/current-context.ts';
import { secureSocket } from './transport/tls/secure-socket.ts';
import { TlsStats } from './transport/tls/tls-stats.ts';
import { UpstreamTlsContext } from './transport/tls/upstream-tls-context.ts';
import type { WorkerSecrets } from './transport/tls/worker-secrets.ts';

export interface ManagementServerTlsOptions {
  readonly bootstrap: Bootstrap;
  readonly resourceTypes: Pick<ResourceTypes, 'cluster'>;
  /** Of the main thread. */
  readonly ownSecrets: WorkerSecrets;
  readonly stats: StatsScope;
  readonly logger: Logger;
}

/**
 * The TLS of a static cluster, for streams and polls. Every connection takes what is there by then: secrets as they have
 * come, files as they stand. Files that cannot be used leave those before in use.
 */
export function createManagementServerTls(options: ManagementServerTlsOptions): ManagementServerTls {
  const { bootstrap, ownSecrets, stats } = options;
  return (clusterName) => {
    const index = bootstrap.staticClusters.findIndex(({ name }) => name === clusterName);
    const tls = bootstrap.staticClusters[index]?.tls;
    if (tls === undefined) return undefined;
    const tlsStats = new TlsStats(stats.scope(`cluster.${clusterName}.ssl.`), 'upstream');
    const create = (current: UpstreamTls): UpstreamTlsContext => new UpstreamTlsContext(current, tlsStats);
    const withSecrets = tls.secrets === undefined ? undefined : new CurrentContext(tls, ownSecrets, create);
    const files = withSecrets === undefined ? new FileContext(tls, index, create, options) : undefined;
    return async (plain, alpnProtocols) => {
      const context = withSecrets === undefined ? files?.current() : withSecrets.get();
      if (context === undefined) throw new Error('a secret of the TLS context has not come');
      return secureSocket(plain, context, alpnProtocols);
    };
  };
}

class FileContext {
  readonly #index: number;
  readonly #create: (tls: UpstreamTls) => UpstreamTlsContext;
  readonly #options: ManagementServerTlsOptions;
  #text: string;
  #context: UpstreamTlsContext;

  constructor(
    tls: UpstreamTls,
    index: number,
    create: (tls: UpstreamTls) => UpstreamTlsContext,
    options: ManagementServerTlsOptions,
  ) {
    this.#index = index;
    this.#create = create;
    this.#options = options;
    this.#text = JSON.stringify(tls);
    this.#context = create(tls);
  }

  current(): UpstreamTlsContext {
    const { bootstrap, resourceTypes, logger } = this.#options;
    const decoded = resourceTypes.cluster.decode(bootstrap.wire.cluster(this.#index));
    if (decoded.kind === 'refused') {
      logger.warn(
        { cluster: bootstrap.staticClusters[this.#index]?.name, problems: decoded.problems },
        'certificates for the management server cannot be used: those before serve',
      );
      return this.#context;
    }
    const { tls } = decoded.value;
    const text = JSON.stringify(tls);
    if (tls !== undefined && text !== this.#text) {
      this.#context = this.#create(tls);
      this.#text = text;
    }
    return this.#context;
  }
}
