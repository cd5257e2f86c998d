import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { ApiMessages } from '@heddle/shared/xds/api';
import type { Cluster } from '../model/cluster.ts';
import type { Endpoints } from '../model/endpoints.ts';
import type { Listener } from '../model/listener.ts';
import type { RouteTable } from '../model/route.ts';
import type { RouteScope } from '../model/scoped-routes.ts';
import type { Secret } from '../model/secret.ts';
import { decodeCluster } from './cluster.ts';
import { DecodeContext, type DecoderOptions } from './decode-context.ts';
import { deepFreeze } from './deep-freeze.ts';
import { decodeEndpoints } from './endpoints.ts';
import { grpcHttp1BridgeDecoder } from './http-filters/grpc-http1-bridge.ts';
import { grpcStatsDecoder } from './http-filters/grpc-stats.ts';
import { grpcWebDecoder } from './http-filters/grpc-web.ts';
import { routerDecoder } from './http-filters/router.ts';
import type { HttpFilterDecoder } from './http-filter-decoder.ts';
import { decodeListener } from './listener.ts';
import type { ResourceType } from './resource-type.ts';
import { decodeRouteConfiguration } from './route-configuration.ts';
import { decodeRouteScope } from './scoped-routes.ts';
import { decodeSecret } from './tls/secret.ts';

/** The HTTP filters that can be configured: one row for each factory that the workers have. */
export const httpFilterDecoders: readonly HttpFilterDecoder[] = Object.freeze([
  grpcStatsDecoder,
  grpcWebDecoder,
  grpcHttp1BridgeDecoder,
  routerDecoder,
]);

/** The resource types of the sidecar. */
export interface ResourceTypes {
  readonly cluster: ResourceType<Cluster>;
  readonly endpoints: ResourceType<Endpoints>;
  readonly listener: ResourceType<Listener>;
  readonly routeTable: ResourceType<RouteTable>;
  readonly scopedRoutes: ResourceType<RouteScope>;
  readonly secret: ResourceType<Secret>;
}

export function createResourceTypes(options: DecoderOptions): ResourceTypes {
  return Object.freeze({
    cluster: createType(options, {
      typeUrl: typeUrls.cluster,
      messageType: 'envoy.config.cluster.v3.Cluster',
      isFullSet: true,
      nameOf: (cluster: Cluster) => cluster.name,
      nameOfMessage: (message) => message.name,
      decode: (context, message) => decodeCluster(context, message, ''),
    }),
    endpoints: createType(options, {
      typeUrl: typeUrls.clusterLoadAssignment,
      messageType: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
      isFullSet: false,
      nameOf: (endpoints: Endpoints) => endpoints.clusterName,
      nameOfMessage: (message) => message.clusterName,
      decode: (context, message) => decodeEndpoints(context, message, '', 'ip'),
    }),
    listener: createType(options, {
      typeUrl: typeUrls.listener,
      messageType: 'envoy.config.listener.v3.Listener',
      isFullSet: true,
      nameOf: (listener: Listener) => listener.name,
      nameOfMessage: (message) => message.name,
      decode: (context, message) => decodeListener(context, message, ''),
    }),
    routeTable: createType(options, {
      typeUrl: typeUrls.routeConfiguration,
      messageType: 'envoy.config.route.v3.RouteConfiguration',
      isFullSet: false,
      nameOf: (table: RouteTable) => table.name,
      nameOfMessage: (message) => message.name,
      decode: (context, message) => decodeRouteConfiguration(context, message, ''),
    }),
    scopedRoutes: createType(options, {
      typeUrl: typeUrls.scopedRouteConfiguration,
      messageType: 'envoy.config.route.v3.ScopedRouteConfiguration',
      isFullSet: true,
      nameOf: (scope: RouteScope) => scope.name,
      nameOfMessage: (message) => message.name,
      decode: (context, message) => decodeRouteScope(context, message, ''),
    }),
    secret: createType(options, {
      typeUrl: typeUrls.secret,
      messageType: 'envoy.extensions.transport_sockets.tls.v3.Secret',
      isFullSet: false,
      nameOf: (secret: Secret) => secret.name,
      nameOfMessage: (message) => message.name,
      decode: (context, message) => decodeSecret(context, message, ''),
    }),
  });
}

interface TypeRow<T, N extends keyof ApiMessages> {
  readonly typeUrl: string;
  readonly messageType: N;
  readonly isFullSet: boolean;
  nameOf(value: T): string;
  nameOfMessage(message: ApiMessages[N]): string;
  /** Undefined: it was refused. */
  decode(context: DecodeContext, message: ApiMessages[N]): T | undefined;
}

function createType<T, N extends keyof ApiMessages>(
  options: DecoderOptions,
  row: TypeRow<T, N>,
): ResourceType<T> {
  return Object.freeze<ResourceType<T>>({
    typeUrl: row.typeUrl,
    isFullSet: row.isFullSet,
    nameOf: (value) => row.nameOf(value),
    decode(bytes) {
      const context = new DecodeContext(options);
      const message = context.read(row.messageType, bytes, '');
      if (message === undefined) return { kind: 'refused', name: '', problems: context.problems };
      const name = row.nameOfMessage(message);
      context.check(row.messageType, message);
      const value = row.decode(context, message);
      if (name === '') context.refuse('name', 'must not be empty: a resource is known by its name');
      if (value === undefined || context.problems.length > 0)
        return { kind: 'refused', name, problems: context.problems };
      return { kind: 'ok', name, value: deepFreeze(value), ignored: context.ignored };
    },
  });
}
