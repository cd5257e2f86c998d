import type { Logger } from '@heddle/shared/logging/logger';
import type { Rng } from '@heddle/shared/random/rng';
import type { HttpConnectionManager, HttpFilterConfig } from '../../config/model/http-connection-manager.ts';
import { routeTableKey } from '../../config/model/route.ts';
import type { Http1ServerOptions } from '../../codec/http1/options.ts';
import { createHttp1ServerOptions } from '../../codec/http1/options.ts';
import { createHttp2Options, type Http2Options } from '../../codec/http2/options.ts';
import type { CodecWorkspace } from '../../codec/codec-workspace.ts';
import type { StatsOf } from '../../stats/describe-stats.ts';
import { http2ServerStats, http2Stats } from '../../stats/http2-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import { AccessLogger } from './access-log/access-logger.ts';
import type { LogFiles } from './access-log/log-file.ts';
import {
  connectionManagerStats,
  listenerResponseStats,
  type ConnectionManagerStats,
} from './connection-manager-stats.ts';
import type { NamedFilter } from './http-filter-chain.ts';
import type { HttpFilter, HttpFilterContext, HttpFilterFactory } from './http-filter.ts';
import { RequestSanitizer } from './request-headers.ts';
import type { RequestTurn } from './request-turn.ts';
import type { DateText } from './response-headers.ts';
import type { RouteSource, RouteSources } from './route-selector.ts';

/** What all connection managers of a worker share. */
export interface HttpManagerDependencies {
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  readonly stats: StatsScope;
  readonly date: DateText;
  readonly workspace: CodecWorkspace;
  readonly routes: RouteSources;
  readonly logFiles: LogFiles;
  readonly logger?: Logger;
  /** Rows of the filter registry, the router among them. */
  readonly filters: readonly HttpFilterFactory[];
  /** Stands for a loopback client in `x-forwarded-for`; see `findNodeAddress`. */
  readonly nodeAddress: string;
  /** Unique in the worker; `%STREAM_ID%`. */
  readonly nextStreamId: () => number;
  readonly requestTurn: RequestTurn;
}

/** A connection manager of one filter chain, compiled: what its connections and streams share. */
export class ManagerConfig {
  readonly config: HttpConnectionManager;
  readonly dependencies: HttpManagerDependencies;
  readonly stats: ConnectionManagerStats;
  readonly listenerStats: StatsOf<typeof listenerResponseStats>;
  readonly routeSource: RouteSource;
  readonly sanitizer: RequestSanitizer;
  readonly accessLoggers: readonly AccessLogger[];
  readonly http1Options: Http1ServerOptions;
  #http2Options: Http2Options | undefined;
  readonly filterChainName: string;
  readonly bufferLimitBytes: number;
  readonly #filterFactories: readonly NamedFilterFactory[];
  /** Filters of upgrades, where they differ from those of all requests. */
  readonly #upgradeFilterFactories = new Map<string, readonly NamedFilterFactory[]>();

  /** @throws InvalidInputError for formats and regexes that do not compile; Error for an unknown filter type */
  constructor(
    config: HttpConnectionManager,
    dependencies: HttpManagerDependencies,
    listener: {
      readonly statsScope: StatsScope;
      readonly filterChainName: string;
      readonly bufferLimitBytes: number;
    },
  ) {
    this.config = config;
    this.dependencies = dependencies;
    const scope = dependencies.stats.scope(`http.${config.statPrefix}.`);
    this.stats = connectionManagerStats.create(scope);
    this.listenerStats = listenerResponseStats.create(
      listener.statsScope.scope(`http.${config.statPrefix}.`),
    );
    this.filterChainName = listener.filterChainName;
    this.bufferLimitBytes = listener.bufferLimitBytes;
    this.routeSource = sourceOfRoutes(config.routes, dependencies.routes);
    this.sanitizer = new RequestSanitizer(config, dependencies.rng, dependencies.nodeAddress);
    this.accessLoggers = config.accessLogs.map((log) => new AccessLogger(log, dependencies.logFiles));
    this.http1Options = createHttp1ServerOptions(dependencies.workspace, {
      maxHeadBytes: config.maxRequestHeadersBytes,
      maxFieldCount: config.maxHeadersCount,
      enableTrailers: config.enableTrailers,
      allowChunkedLength: config.allowChunkedLength,
      allowCustomMethods: config.allowCustomMethods,
      headerKeyFormat: config.headerKeyFormat,
      acceptHttp10: config.acceptHttp10,
      defaultHostForHttp10: config.defaultHostForHttp10,
    });
    const context = { manager: config, stats: scope, wheel: dependencies.wheel, rng: dependencies.rng };
    this.#filterFactories = createFilterFactories(config.httpFilters, dependencies.filters, context);
    for (const [type, { httpFilters }] of Object.entries(config.upgrades)) {
      if (httpFilters === undefined) continue;
      this.#upgradeFilterFactories.set(
        type,
        createFilterFactories(httpFilters, dependencies.filters, context),
      );
    }
  }

  /** Made, with its statistics, when the first client speaks HTTP/2. */
  get http2Options(): Http2Options {
    this.#http2Options ??= this.#createHttp2Options();
    return this.#http2Options;
  }

  /** `upgradeType` of a request that asks for an upgrade (lower-case), else undefined. */
  createFilters(upgradeType: string | undefined): NamedFilter[] {
    const ofUpgrade = upgradeType === undefined ? undefined : this.#upgradeFilterFactories.get(upgradeType);
    return (ofUpgrade ?? this.#filterFactories).map(createFilter);
  }

  #createHttp2Options(): Http2Options {
    const { config, dependencies } = this;
    const scope = dependencies.stats.scope('http2.');
    const codecStats = http2Stats.create(scope);
    const serverStats = http2ServerStats.create(scope);
    return createHttp2Options(
      {
        names: dependencies.workspace.names,
        chunks: dependencies.workspace.chunks,
        clock: dependencies.wheel,
        rng: dependencies.rng,
      },
      {
        ...config.http2,
        maxHeaderListBytes: config.maxRequestHeadersBytes,
        maxFieldCount: config.maxHeadersCount,
        streamFlushTimeoutMs: config.streamIdleTimeoutMs,
        stats: {
          count: (counter) => {
            if (counter === 'premature_resets') this.stats.rqTooManyPrematureResets.inc();
            else if (counter === 'tx_flush_timeout') serverStats.txFlushTimeout.inc();
            else codecStats.count(counter);
          },
          add: codecStats.add,
        },
      },
    );
  }
}

function createFilter({ name, create }: NamedFilterFactory): NamedFilter {
  return { name, filter: create() };
}

interface NamedFilterFactory {
  readonly name: string;
  readonly create: () => HttpFilter;
}

function createFilterFactories(
  configs: readonly HttpFilterConfig[],
  rows: readonly HttpFilterFactory[],
  context: HttpFilterContext,
): NamedFilterFactory[] {
  return configs
    .filter(({ isDisabled }) => !isDisabled)
    .map(({ name, type, config }) => {
      const row = rows.find((factory) => factory.type === type);
      if (row === undefined) throw new Error(`no HTTP filter of type ${type}`);
      return { name, create: row.createFactory(config, context) };
    });
}

function sourceOfRoutes(routes: HttpConnectionManager['routes'], sources: RouteSources): RouteSource {
  switch (routes.kind) {
    case 'inline':
      return sources.inline(routes.table);
    case 'rds':
      return sources.named(routeTableKey(routes.routeConfigName, routes.source));
    case 'scoped':
      return sources.named(routes.scoped.key);
  }
}
