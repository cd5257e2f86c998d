import type { ServiceProtocol } from '@heddle/shared/model/service';
import type { Filter, TrafficDirection } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { configSourceOf, extension, tcpAddress } from './message-parts.ts';
import type { SeparateSource } from './node-scope.ts';
import {
  clusterName,
  identityName,
  inboundClusterName,
  inboundName,
  inboundTrustName,
  outboundName,
  servicePortName,
} from './resource-names.ts';
import { buildInboundSocket } from './secret.ts';
import { referTo, type Reference, type TranslatedOf } from './translated.ts';

type ListenerResource = TranslatedOf<'envoy.config.listener.v3.Listener'>;

interface Place {
  readonly address: string;
  readonly port: number;
  /** Of the routes. */
  readonly source: SeparateSource | undefined;
}

/** Where applications send requests to services, told apart by their Host. */
export function buildOutboundListener(api: XdsApi, at: Place): ListenerResource {
  return toListener(outboundName, at, 'OUTBOUND', httpFilter(api, outboundName, outboundName, at.source));
}

/** The port of its own that a service asked for. */
export function buildServicePortListener(
  api: XdsApi,
  service: string,
  protocol: ServiceProtocol,
  at: Place,
): ListenerResource {
  const name = servicePortName(service);
  const statPrefix = `outbound_${service}`;
  const filter =
    protocol === 'tcp'
      ? tcpFilter(api, statPrefix, clusterName({ service }))
      : httpFilter(api, statPrefix, name, at.source);
  return toListener(name, at, 'OUTBOUND', filter);
}

/** Where other proxies reach the application beside this one. */
export function buildInboundListener(
  api: XdsApi,
  protocol: ServiceProtocol,
  at: Place,
  appPort: number,
  hasTls: boolean,
): ListenerResource {
  const filter =
    protocol === 'tcp'
      ? tcpFilter(api, inboundName, inboundClusterName(appPort))
      : httpFilter(api, inboundName, inboundName, at.source);
  const listener = toListener(inboundName, at, 'INBOUND', filter);
  if (!hasTls) return listener;
  const [chain] = listener.value.filterChains ?? [];
  const secure = { ...chain, transportSocket: buildInboundSocket(api, at.source) };
  return {
    ...listener,
    references: [
      ...listener.references,
      referTo('secret', identityName),
      referTo('secret', inboundTrustName),
    ],
    value: { ...listener.value, filterChains: [secure] },
  };
}

interface TerminalFilter {
  readonly filter: MessageInit<Filter>;
  readonly reference: Reference;
}

function toListener(
  name: string,
  at: Place,
  trafficDirection: TrafficDirection,
  { filter, reference }: TerminalFilter,
): ListenerResource {
  return {
    typeName: 'envoy.config.listener.v3.Listener',
    name,
    references: [reference],
    value: {
      name,
      trafficDirection,
      address: tcpAddress(at.address, at.port),
      filterChains: [{ filters: [filter] }],
    },
  };
}

function httpFilter(
  api: XdsApi,
  statPrefix: string,
  routeConfigName: string,
  source: SeparateSource | undefined,
): TerminalFilter {
  return {
    reference: referTo('routeConfiguration', routeConfigName),
    filter: extension(
      api,
      'envoy.filters.network.http_connection_manager',
      'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      {
        statPrefix,
        codecType: 'AUTO',
        rds: { configSource: configSourceOf(source), routeConfigName },
        // Whoever speaks WebSocket to a service decides that with the service, not with the mesh.
        upgradeConfigs: [{ upgradeType: 'websocket' }],
        httpFilters: [
          extension(api, 'envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {}),
        ],
      },
    ),
  };
}

function tcpFilter(api: XdsApi, statPrefix: string, cluster: string): TerminalFilter {
  return {
    reference: referTo('cluster', cluster),
    filter: extension(
      api,
      'envoy.filters.network.tcp_proxy',
      'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      { statPrefix, cluster },
    ),
  };
}
