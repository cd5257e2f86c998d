import type { Clock } from '@heddle/shared/time/clock';
import type {
  ListenerFilter as ListenerFilterConfig,
  ListenerFilterPredicate,
} from '../../../config/model/listener-filters.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import { HttpInspector, httpInspectorStats } from './http-inspector.ts';
import type { ListenerFilter } from './listener-filter.ts';
import { LocalRateLimit, rateLimitScopeOf } from './local-rate-limit.ts';
import { ProxyProtocol, proxyProtocolScopeOf } from './proxy-protocol.ts';
import { TlsInspector, tlsInspectorStats } from './tls-inspector.ts';

/** The filters of one listener in one worker, in order. `scope`: the root. */
export function createListenerFilters(
  configs: readonly ListenerFilterConfig[],
  clock: Clock,
  scope: StatsScope,
): readonly ListenerFilter[] {
  return configs.map((config) => {
    const filter = createListenerFilter(config, clock, scope);
    return config.disabled === undefined ? filter : skipWhere(config.disabled, filter);
  });
}

function createListenerFilter(config: ListenerFilterConfig, clock: Clock, scope: StatsScope): ListenerFilter {
  switch (config.kind) {
    case 'tls-inspector':
      return new TlsInspector(config, tlsInspectorStats.create(scope.scope('tls_inspector.')));
    case 'proxy-protocol':
      return new ProxyProtocol(config, scope);
    case 'http-inspector':
      return new HttpInspector(httpInspectorStats.create(scope.scope('http_inspector.')));
    case 'local-rate-limit':
      return new LocalRateLimit(config, clock, scope);
  }
}

/** Scopes of statistics that the configuration names, each for as long as a listener has the filter. */
export function listenerFilterScopes(configs: readonly ListenerFilterConfig[]): readonly string[] {
  return configs.flatMap((config) => {
    if (config.kind === 'local-rate-limit') return [rateLimitScopeOf(config)];
    return config.kind === 'proxy-protocol' && config.statPrefix !== '' ? [proxyProtocolScopeOf(config)] : [];
  });
}

/** The port is the one that filters before it have restored. */
function skipWhere(disabled: ListenerFilterPredicate, filter: ListenerFilter): ListenerFilter {
  return {
    inspect: (accepted) =>
      isFit(disabled, accepted.connection.localAddress.port) ? 'continue' : filter.inspect(accepted),
  };
}

function isFit(predicate: ListenerFilterPredicate, port: number): boolean {
  switch (predicate.kind) {
    case 'any':
      return true;
    case 'not':
      return !isFit(predicate.rule, port);
    case 'and':
      return predicate.rules.every((rule) => isFit(rule, port));
    case 'or':
      return predicate.rules.some((rule) => isFit(rule, port));
    case 'destination-port':
      return port >= predicate.start && port < predicate.end;
  }
}
