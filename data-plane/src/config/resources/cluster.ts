import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { Cluster as ClusterMessage, ClusterLoadAssignment } from '@heddle/shared/xds/api';
import type { Cluster, CommonLoadBalancing, Discovery } from '../model/cluster.ts';
import type { Endpoints } from '../model/endpoints.ts';
import { decodeCircuitBreakers } from './circuit-breakers.ts';
import { decodeConfigSource } from './config-source.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { decodeDnsCluster, decodeDnsFields, dnsClusterType } from './dns.ts';
import { decodeEndpoints, type AddressKind } from './endpoints.ts';
import { decodeHealthChecks } from './health-check.ts';
import { decodeLoadBalancer } from './load-balancer.ts';
import { defined, percentOr, toMsOr } from './scalars.ts';
import { decodeProxiedSocket } from './upstream-proxy-protocol.ts';
import { decodeTransportSocketMatches, decodeUpstreamSocket } from './transport-socket.ts';
import { decodeUpstreamHttp } from './upstream-http.ts';

const defaultConnectTimeoutMs = 5000;
const defaultBufferLimitBytes = 1024 * 1024;
const defaultPanicThresholdPercent = 50;
const defaultUpdateMergeWindowMs = 1000;

/** A message that was checked → model. */
export function decodeCluster(context: DecodeContext, message: ClusterMessage, path: string): Cluster {
  const { proxyProtocol, inner, innerPath } = decodeProxiedSocket(
    context,
    message.transportSocket,
    joinPath(path, 'transport_socket'),
  );
  const tls = decodeUpstreamSocket(context, inner, innerPath);
  const transportSocketMatches = decodeTransportSocketMatches(context, message, path);
  const loadBalancer = decodeLoadBalancer(context, message, path);
  const http = decodeUpstreamHttp(context, message, path);
  const areAllTls =
    tls !== undefined && transportSocketMatches?.some((match) => match.tls === undefined) !== true;
  if (http.protocol === 'auto' && !areAllTls) {
    context.refuse(
      joinPath(path, 'typed_extension_protocol_options'),
      'auto_config needs a TLS transport socket: the server chooses by ALPN',
    );
  }
  const healthCheck = decodeHealthChecks(context, message.healthChecks, joinPath(path, 'health_checks'));
  if (healthCheck?.checker.kind === 'grpc' && http.http2 === undefined) {
    context.refuse(
      joinPath(path, 'health_checks[0].grpc_health_check'),
      'needs http2_protocol_options: gRPC is spoken over HTTP/2',
    );
  }
  return {
    name: message.name,
    statName: message.altStatName || message.name,
    discovery: decodeDiscovery(context, message, path),
    connectTimeoutMs: toMsOr(message.connectTimeout, defaultConnectTimeoutMs),
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
    loadBalancer: loadBalancer.policy,
    common: decodeCommon(message, loadBalancer.isLocalityWeighted),
    circuitBreakers: decodeCircuitBreakers(message.circuitBreakers),
    http,
    ignoreHealthOnHostRemoval: message.ignoreHealthOnHostRemoval,
    closeConnectionsOnHostHealthFailure: message.closeConnectionsOnHostHealthFailure,
    metadata: message.metadata?.filterMetadata ?? {},
    ...defined<Pick<Cluster, 'healthCheck' | 'tls' | 'proxyProtocol' | 'transportSocketMatches'>>({
      tls,
      proxyProtocol,
      transportSocketMatches,
      healthCheck,
    }),
  };
}

function decodeCommon(message: ClusterMessage, isLocalityWeighted: boolean | undefined): CommonLoadBalancing {
  const common = message.commonLbConfig;
  return {
    healthyPanicThresholdPercent: percentOr(common?.healthyPanicThreshold, defaultPanicThresholdPercent),
    updateMergeWindowMs: toMsOr(common?.updateMergeWindow, defaultUpdateMergeWindowMs),
    ignoreNewHostsUntilFirstHealthCheck: common?.ignoreNewHostsUntilFirstHc ?? false,
    closeConnectionsOnHostSetChange: common?.closeConnectionsOnHostSetChange ?? false,
    isLocalityWeighted: isLocalityWeighted ?? common?.localityWeightedLbConfig !== undefined,
  };
}

function decodeDiscovery(context: DecodeContext, message: ClusterMessage, path: string): Discovery {
  if (message.clusterType !== undefined) return decodeClusterType(context, message, path);
  switch (message.type ?? 'STATIC') {
    case 'EDS':
      return decodeEds(context, message, path);
    case 'STRICT_DNS':
      return decodeDns(context, message, path, 'strict-dns');
    case 'LOGICAL_DNS':
      return decodeDns(context, message, path, 'logical-dns');
    default:
      return { kind: 'static', endpoints: decodeAssignment(context, message, path, 'ip') };
  }
}

function decodeEds(context: DecodeContext, message: ClusterMessage, path: string): Discovery {
  const edsPath = joinPath(path, 'eds_cluster_config');
  if (message.loadAssignment !== undefined) {
    context.refuse(
      joinPath(path, 'load_assignment'),
      'must not be set: the endpoints of an EDS cluster come from EDS',
    );
  }
  if (message.edsClusterConfig === undefined) context.refuse(edsPath, 'is missing');
  return {
    kind: 'eds',
    serviceName: message.edsClusterConfig?.serviceName || message.name,
    ...decodeConfigSource(context, message.edsClusterConfig?.edsConfig, `${edsPath}.eds_config`),
  };
}

function decodeDns(
  context: DecodeContext,
  message: ClusterMessage,
  path: string,
  kind: 'strict-dns' | 'logical-dns',
): Discovery {
  const endpoints = decodeAssignment(context, message, path, 'name');
  if (kind === 'logical-dns') refuseManyEndpoints(context, endpoints, path);
  return { kind, endpoints, ...decodeDnsFields(context, message, path) };
}

function decodeClusterType(context: DecodeContext, message: ClusterMessage, path: string): Discovery {
  const typePath = joinPath(path, 'cluster_type');
  const any = message.clusterType?.typedConfig;
  const endpoints = decodeAssignment(context, message, path, 'name');
  if (any === undefined || toTypeName(any.typeUrl) !== dnsClusterType) {
    context.refuseType(any, message.clusterType?.name ?? '', typePath, [dnsClusterType]);
    return { kind: 'static', endpoints };
  }
  const dns = context.unpack(dnsClusterType, any, `${typePath}.typed_config`);
  if (dns === undefined) return { kind: 'static', endpoints };
  const isLogical = dns.allAddressesInSingleEndpoint;
  if (isLogical) refuseManyEndpoints(context, endpoints, path);
  return {
    kind: isLogical ? 'logical-dns' : 'strict-dns',
    endpoints,
    ...decodeDnsCluster(context, dns, message, `${typePath}.typed_config`),
  };
}

function decodeAssignment(
  context: DecodeContext,
  message: ClusterMessage,
  path: string,
  addressKind: AddressKind,
): Endpoints {
  const assignment: ClusterLoadAssignment | undefined = message.loadAssignment;
  if (message.edsClusterConfig !== undefined) {
    context.refuse(joinPath(path, 'eds_cluster_config'), 'must not be set: only EDS clusters have it');
  }
  // A cluster without endpoints is valid: there is nothing to connect to.
  if (assignment === undefined)
    return { clusterName: message.name, priorities: [], overprovisioningFactor: 140 };
  return decodeEndpoints(context, assignment, joinPath(path, 'load_assignment'), addressKind);
}

function refuseManyEndpoints(context: DecodeContext, { priorities }: Endpoints, path: string): void {
  const count = priorities.flat().reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  if (count !== 1) {
    context.refuse(
      joinPath(path, 'load_assignment'),
      `has ${count} endpoints, but a logical DNS cluster has exactly one`,
    );
  }
}
