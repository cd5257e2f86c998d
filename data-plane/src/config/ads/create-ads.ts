import { setImmediate } from 'node:timers/promises';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { StatsScope } from '../../stats/stats.ts';
import type { AdsConfig, NodeIdentity } from '../model/bootstrap.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { SavedSource } from '../saved/saved-resources.ts';
import type { SubscriptionSource } from '../subscription.ts';
import { AdsClient } from './ads-client.ts';
import { AdsMux } from './ads-mux.ts';
import {
  createDeltaProtocol,
  createSotwProtocol,
  type AdsProtocol,
  type XdsService,
} from './ads-protocol.ts';
import type { AdsStatus } from './ads-status.ts';
import type { ConnectSecurely } from '../sources/connect-securely.ts';
import { controlPlaneStats } from './control-plane-stats.ts';
import { createRequestRateLimit, noRateLimit } from './request-rate-limit.ts';

/** Everything that comes over the one ADS stream of this process. */
export interface Ads {
  /** Subscriptions may be made before `start`: they go out together. `type` is one of `resourceTypes`. */
  source<T>(type: ResourceType<T>): SubscriptionSource<T>;
  /** Connects, and from then on reconnects by itself. Returns at once. */
  start(): void;
  /** Closes the stream and ends all timers. Watchers are not called any more. */
  stop(): void;
  /** Holds requests of these types back until the result is called; one request each follows. */
  pause(typeUrls: readonly string[]): () => void;
  /** Everything that is known, copied: for those who ask, not for each change. */
  status(): AdsStatus;
  /** `host:port` of the server that the stream is connected to; undefined while it is not. */
  readonly connectedAddress: string | undefined;
  /** Type URL → version of the last response that was accepted as a whole; empty before the first. */
  acceptedVersions(): ReadonlyMap<string, string>;
}

export interface AdsOptions {
  readonly config: AdsConfig;
  /** ADS unless told. */
  readonly service?: XdsService | undefined;
  readonly node: NodeIdentity;
  readonly api: XdsApi;
  readonly resourceTypes: readonly ResourceType<unknown>[];
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  /** The root scope: statistics are `control_plane.…`. */
  readonly stats: StatsScope;
  /** A response was dealt with, whatever became of it. */
  readonly onProcessed: () => void;
  /** What to start from when no server answers. */
  readonly saved?: SavedSource | undefined;
  /** Absent: plain TCP. */
  readonly connectSecurely?: ConnectSecurely | undefined;
}

/** Noticed within a minute, at a price of one small frame each way. A server that objects is asked less often. */
const defaultKeepAlive = { intervalMs: 30_000, timeoutMs: 10_000 };

/** What a response of a type may subscribe to: requests for it wait until the response was applied. */
const childTypes = {
  [typeUrls.cluster]: [typeUrls.clusterLoadAssignment, typeUrls.secret],
  [typeUrls.listener]: [typeUrls.routeConfiguration, typeUrls.scopedRouteConfiguration, typeUrls.secret],
  [typeUrls.scopedRouteConfiguration]: [typeUrls.routeConfiguration],
} as const;

export function createAds(options: AdsOptions): Ads {
  const { api, service, config } = options;
  return config.variant === 'delta'
    ? createMux(options, createDeltaProtocol(api, service))
    : createMux(options, createSotwProtocol(api, service));
}

function createMux<Request>(options: AdsOptions, protocol: AdsProtocol<Request>): Ads {
  const { config, clock, rng } = options;
  const stats = controlPlaneStats.create(options.stats.scope('control_plane.'));
  const logger = options.logger.child({ component: 'ads' });
  const transport = new AdsClient({
    method: protocol.method,
    addresses: config.addresses,
    authority: config.authority,
    metadata: config.initialMetadata,
    backOff: config.backOff,
    connectTimeoutMs: config.connectTimeoutMs,
    keepAlive: config.keepAlive ?? defaultKeepAlive,
    connectSecurely: options.connectSecurely,
    clock,
    rng,
    logger,
  });
  return new AdsMux({
    protocol,
    transport,
    node: options.api.decode('envoy.config.core.v3.Node', options.node.bytes),
    resourceTypes: options.resourceTypes,
    childTypes,
    rateLimit:
      config.rateLimit === undefined
        ? noRateLimit
        : createRequestRateLimit(config.rateLimit, clock, stats.rateLimitEnforced),
    clock,
    rng,
    logger,
    stats,
    yieldTurn: () => setImmediate(),
    onProcessed: options.onProcessed,
    saved: options.saved,
  });
}
