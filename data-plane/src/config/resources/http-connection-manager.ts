import type { HttpConnectionManager as HttpConnectionManagerMessage } from '@heddle/shared/xds/api';
import { runtimeCount } from '../model/bootstrap.ts';
import type { HttpConnectionManager, UpgradeConfig } from '../model/http-connection-manager.ts';
import type { Http2ProtocolOptions } from '../model/http2-protocol-options.ts';
import { decodeAccessLogs } from './access-log.ts';
import { decodeCidrRange } from './address.ts';
import { decodeConfigSource } from './config-source.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeHeaderKeyFormat } from './header-key-format.ts';
import { decodeHttp2ProtocolOptions } from './http2-protocol-options.ts';
import { decodeHttpFilters } from './http-filters.ts';
import type { RouterConfig } from './http-filters/router.ts';
import { decodeRouteConfiguration } from './route-configuration.ts';
import { defined, toMsOr } from './scalars.ts';
import { decodeScopedRoutes } from './scoped-routes.ts';

const codecTypes = { AUTO: 'auto', HTTP1: 'http1', HTTP2: 'http2', HTTP3: 'auto' } as const;
const serverHeader = {
  OVERWRITE: 'overwrite',
  APPEND_IF_ABSENT: 'append-if-absent',
  PASS_THROUGH: 'pass-through',
} as const;
const underscores = { ALLOW: 'allow', REJECT_REQUEST: 'reject', DROP_HEADER: 'drop' } as const;
const escapedSlashes = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_REDIRECT: 'unescape-and-redirect',
  UNESCAPE_AND_FORWARD: 'unescape-and-forward',
} as const;

/** Envoy's defaults. */
const defaults = {
  streamIdleTimeoutMs: 300_000,
  idleTimeoutMs: 3_600_000,
  delayedCloseTimeoutMs: 1000,
  drainTimeoutMs: 5000,
  maxRequestHeadersKb: 60,
  maxHeadersCount: 100,
  serverName: 'envoy',
} as const;

export function decodeHttpConnectionManager(
  context: DecodeContext,
  message: HttpConnectionManagerMessage,
  path: string,
): HttpConnectionManager {
  const common = message.commonHttpProtocolOptions;
  const http1 = message.httpProtocolOptions;
  const { runtime } = context.options;
  const httpFilters = decodeHttpFilters(context, message.httpFilters, `${path}.http_filters`);
  const router = httpFilters.at(-1)?.config as RouterConfig | undefined;
  if (message.stripMatchingHostPort && message.stripAnyHostPort === true) {
    context.refuse(`${path}.strip_any_host_port`, 'and strip_matching_host_port must not both be set');
  }
  return {
    statPrefix: message.statPrefix,
    codecType: codecTypes[message.codecType],
    routes: decodeRoutes(context, message, path),
    httpFilters,
    accessLogs: decodeAccessLogs(context, message.accessLog, `${path}.access_log`),
    useRemoteAddress: message.useRemoteAddress ?? false,
    internalAddresses: (message.internalAddressConfig?.cidrRanges ?? []).map((range, i) =>
      decodeCidrRange(context, range, `${path}.internal_address_config.cidr_ranges[${i}]`),
    ),
    areUnixSocketsInternal: message.internalAddressConfig?.unixSockets ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    serverName: message.serverName || defaults.serverName,
    serverHeaderTransformation: serverHeader[message.serverHeaderTransformation],
    via: message.via,
    streamIdleTimeoutMs: toMsOr(message.streamIdleTimeout, defaults.streamIdleTimeoutMs),
    requestTimeoutMs: toMsOr(message.requestTimeout, 0),
    requestHeadersTimeoutMs: toMsOr(message.requestHeadersTimeout, 0),
    delayedCloseTimeoutMs: toMsOr(message.delayedCloseTimeout, defaults.delayedCloseTimeoutMs),
    drainTimeoutMs: toMsOr(message.drainTimeout, defaults.drainTimeoutMs),
    idleTimeoutMs: toMsOr(common?.idleTimeout, defaults.idleTimeoutMs),
    maxConnectionDurationMs: toMsOr(common?.maxConnectionDuration, 0),
    maxStreamDurationMs: toMsOr(common?.maxStreamDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxRequestHeadersBytes: (message.maxRequestHeadersKb ?? defaults.maxRequestHeadersKb) * 1024,
    maxHeadersCount: common?.maxHeadersCount ?? defaults.maxHeadersCount,
    headersWithUnderscoresAction: underscores[common?.headersWithUnderscoresAction ?? 'ALLOW'],
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    pathWithEscapedSlashesAction: escapedSlashes[message.pathWithEscapedSlashesAction],
    stripPort:
      message.stripAnyHostPort === true ? 'any' : message.stripMatchingHostPort ? 'matching' : 'none',
    stripTrailingHostDot: message.stripTrailingHostDot,
    acceptHttp10: http1?.acceptHttp10 ?? false,
    defaultHostForHttp10: http1?.defaultHostForHttp10 ?? '',
    enableTrailers: http1?.enableTrailers ?? false,
    allowChunkedLength: http1?.allowChunkedLength ?? false,
    allowCustomMethods: http1?.allowCustomMethods ?? false,
    http2: {
      ...decodeHttp2ProtocolOptions(message.http2ProtocolOptions),
      ...defined<
        Pick<
          Http2ProtocolOptions,
          'prematureResetTotalStreamCount' | 'prematureResetMinStreamLifetimeSeconds'
        >
      >({
        prematureResetTotalStreamCount: runtimeCount(runtime, 'overload.premature_reset_total_stream_count'),
        prematureResetMinStreamLifetimeSeconds: runtimeCount(
          runtime,
          'overload.premature_reset_min_stream_lifetime_seconds',
        ),
      }),
    },
    proxy100Continue: message.proxy100Continue,
    upgrades: decodeUpgrades(context, message, path),
    ...defined<Pick<HttpConnectionManager, 'headerKeyFormat' | 'maxRequestsPerIoCycle'>>({
      headerKeyFormat: decodeHeaderKeyFormat(context, http1, `${path}.http_protocol_options`),
      maxRequestsPerIoCycle: runtimeCount(runtime, 'http.max_requests_per_io_cycle'),
    }),
    suppressEnvoyHeaders: router?.suppressEnvoyHeaders ?? false,
  };
}

function decodeRoutes(
  context: DecodeContext,
  { rds, routeConfig, scopedRoutes }: HttpConnectionManagerMessage,
  path: string,
): HttpConnectionManager['routes'] {
  if (scopedRoutes !== undefined)
    return { kind: 'scoped', scoped: decodeScopedRoutes(context, scopedRoutes, `${path}.scoped_routes`) };
  if (rds === undefined) {
    const table = decodeRouteConfiguration(
      context,
      routeConfig ?? emptyTable(context),
      `${path}.route_config`,
    );
    return { kind: 'inline', table };
  }
  if (rds.routeConfigName === '') context.refuse(`${path}.rds.route_config_name`, 'must not be empty');
  return {
    kind: 'rds',
    routeConfigName: rds.routeConfigName,
    ...decodeConfigSource(context, rds.configSource, `${path}.rds.config_source`),
  };
}

/** Stands in for a route specifier that was refused. */
function emptyTable(context: DecodeContext): Parameters<typeof decodeRouteConfiguration>[1] {
  return context.options.api.create('envoy.config.route.v3.RouteConfiguration', {});
}

function decodeUpgrades(
  context: DecodeContext,
  message: HttpConnectionManagerMessage,
  path: string,
): HttpConnectionManager['upgrades'] {
  const upgrades: Record<string, UpgradeConfig> = {};
  for (const [i, { upgradeType, enabled, filters }] of message.upgradeConfigs.entries()) {
    const configPath = `${path}.upgrade_configs[${i}]`;
    const type = upgradeType.toLowerCase();
    if (type in upgrades) context.refuse(`${configPath}.upgrade_type`, `${upgradeType} occurs twice`);
    const isEnabled = enabled ?? true;
    upgrades[type] =
      filters.length === 0
        ? { isEnabled }
        : { isEnabled, httpFilters: decodeHttpFilters(context, filters, `${configPath}.filters`) };
  }
  return upgrades;
}
