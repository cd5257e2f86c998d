import type { Cluster, Discovery, UpstreamHttpOptions } from '../../config/model/cluster.ts';
import type { Endpoint, Endpoints, LocalityEndpoints } from '../../config/model/endpoints.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import type { ReceivedResource } from '../../config/subscription.ts';

export const noLocality = { region: '', zone: '', subZone: '' };

/** Values as a decoder makes them, with Envoy's defaults; what a test is about it gives itself. */
export function buildEndpoint(port: number, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    address: { address: '127.0.0.1', port },
    hostname: '',
    weight: 1,
    healthStatus: 'unknown',
    isCanary: false,
    lbMetadata: {},
    disableActiveHealthCheck: false,
    ...fields,
  };
}

export function buildEndpoints(ports: readonly number[], clusterName = 'c'): Endpoints {
  return endpointsOf([buildGroup(ports.map((port) => buildEndpoint(port)))], clusterName);
}

export function buildGroup(endpoints: readonly Endpoint[]): LocalityEndpoints {
  return { locality: noLocality, endpoints };
}

/** One priority. */
export function endpointsOf(groups: readonly LocalityEndpoints[], clusterName = 'c'): Endpoints {
  return { clusterName, priorities: [groups], overprovisioningFactor: 140 };
}

export const defaultHttp: UpstreamHttpOptions = {
  protocol: 'http1',
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  maxRequestsPerConnection: 0,
  maxResponseHeadersBytes: 80 * 1024,
  maxHeadersCount: 100,
  enableTrailers: false,
};

const thresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  trackRemaining: false,
};

export type ClusterFields = Partial<Omit<Cluster, 'http' | 'common' | 'circuitBreakers'>> & {
  readonly http?: Partial<UpstreamHttpOptions>;
  readonly common?: Partial<Cluster['common']>;
  readonly circuitBreakers?: Partial<Cluster['circuitBreakers']['default']>;
};

export function buildCluster(name: string, discovery: Discovery, fields: ClusterFields = {}): Cluster {
  const { http, common, circuitBreakers, ...rest } = fields;
  return {
    name,
    statName: name,
    discovery,
    connectTimeoutMs: 5_000,
    perConnectionBufferLimitBytes: 1024 * 1024,
    loadBalancer: { kind: 'round-robin' },
    common: {
      healthyPanicThresholdPercent: 50,
      updateMergeWindowMs: 1_000,
      ignoreNewHostsUntilFirstHealthCheck: false,
      closeConnectionsOnHostSetChange: false,
      isLocalityWeighted: false,
      ...common,
    },
    circuitBreakers: { default: { ...thresholds, ...circuitBreakers }, high: thresholds },
    http: { ...defaultHttp, ...http },
    ignoreHealthOnHostRemoval: false,
    closeConnectionsOnHostHealthFailure: false,
    metadata: {},
    ...rest,
  };
}

export function edsDiscovery(serviceName: string): Discovery {
  return { kind: 'eds', serviceName, source: { kind: 'ads' }, initialFetchTimeoutMs: 15_000 };
}

export function buildHealthCheck(fields: Partial<HealthCheck> = {}): HealthCheck {
  return {
    timeoutMs: 1_000,
    intervalMs: 5_000,
    initialJitterMs: 0,
    intervalJitterMs: 0,
    intervalJitterPercent: 0,
    noTrafficIntervalMs: 60_000,
    noTrafficHealthyIntervalMs: 60_000,
    unhealthyIntervalMs: 5_000,
    unhealthyEdgeIntervalMs: 5_000,
    healthyEdgeIntervalMs: 5_000,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    reuseConnection: true,
    checker: httpChecker,
    ...fields,
  };
}

export const httpChecker = {
  kind: 'http',
  protocol: 'http1',
  method: 'GET',
  path: '/health',
  host: '',
  requestHeaders: [],
  expectedStatuses: [{ start: 200, end: 201 }],
  retriableStatuses: [],
} as const satisfies HealthCheck['checker'];

/** `revision` stands for the bytes: the same number is the same configuration. */
export function receive<T extends { readonly name: string }>(value: T, revision = 1): ReceivedResource<T> {
  return {
    name: value.name,
    version: String(revision),
    bytes: Buffer.from(`${value.name}/${revision}`),
    value,
  };
}
