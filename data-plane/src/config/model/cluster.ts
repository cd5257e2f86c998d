import type { Endpoints } from './endpoints.ts';
import type { HealthCheck } from './health-check.ts';
import type { Http2ProtocolOptions } from './http2-protocol-options.ts';
import type { HeaderKeyFormat } from './http-connection-manager.ts';
import type { SourceConfig } from './resource-source.ts';
import type { UpstreamTls } from './tls.ts';
import type { UpstreamProxyProtocol } from './upstream-proxy-protocol.ts';

/** Envoy's `Cluster`, decoded and checked. Times in ms; 0 = none. */
export interface Cluster {
  readonly name: string;
  /** Name in statistics: `alt_stat_name` or the name. */
  readonly statName: string;
  readonly discovery: Discovery;
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly loadBalancer: LoadBalancerPolicy;
  readonly common: CommonLoadBalancing;
  readonly healthCheck?: HealthCheck;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerThresholds;
    readonly high: CircuitBreakerThresholds;
  };
  readonly http: UpstreamHttpOptions;
  /** Absent: connections are plain. */
  readonly tls?: UpstreamTls;
  /** Connections begin with a PROXY header. */
  readonly proxyProtocol?: UpstreamProxyProtocol;
  /** The first that an endpoint's metadata fits is used instead. */
  readonly transportSocketMatches?: readonly TransportSocketMatch[];
  readonly ignoreHealthOnHostRemoval: boolean;
  /** TCP connections to a host that fails its health check close; those of HTTP take no further request in any case. */
  readonly closeConnectionsOnHostHealthFailure: boolean;
  /** What `%CLUSTER_METADATA%` reads. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface TransportSocketMatch {
  readonly name: string;
  /** Every value must be the same in the metadata; empty: fits all. */
  readonly match: Readonly<Record<string, unknown>>;
  /** Absent: connections are plain. */
  readonly tls?: UpstreamTls;
}

/** What a worker gets of it: how hosts are found and checked is the main thread's business, and can be large. */
export type ServedCluster = Omit<Cluster, 'discovery' | 'healthCheck'> & {
  /** Its hosts can fail themselves in an answer (`x-envoy-immediate-health-check-fail`). */
  readonly isHealthChecked?: boolean;
};

export type Discovery =
  | { readonly kind: 'static'; readonly endpoints: Endpoints }
  | ({ readonly kind: 'eds'; readonly serviceName: string } & SourceConfig)
  | ({ readonly kind: 'strict-dns' | 'logical-dns'; readonly endpoints: Endpoints } & DnsSettings);

export interface DnsSettings {
  readonly refreshRateMs: number;
  readonly failureRefreshBaseMs?: number;
  readonly failureRefreshMaxMs?: number;
  readonly jitterMs: number;
  readonly respectDnsTtl: boolean;
  readonly lookupFamily: 'auto' | 'v4-only' | 'v6-only' | 'v4-preferred' | 'all';
  readonly waitForWarmOnInit: boolean;
}

export type LoadBalancerPolicy =
  | { readonly kind: 'round-robin'; readonly slowStart?: SlowStart }
  | {
      readonly kind: 'least-request';
      readonly choiceCount: number;
      readonly activeRequestBias: number;
      readonly slowStart?: SlowStart;
    }
  | { readonly kind: 'random' };

export interface SlowStart {
  readonly windowMs: number;
  readonly aggression: number;
  readonly minWeightPercent: number;
}

export interface CommonLoadBalancing {
  /** 0–100; default 50; 0 = never panic. */
  readonly healthyPanicThresholdPercent: number;
  readonly updateMergeWindowMs: number;
  readonly ignoreNewHostsUntilFirstHealthCheck: boolean;
  readonly closeConnectionsOnHostSetChange: boolean;
  readonly isLocalityWeighted: boolean;
}

export interface CircuitBreakerThresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  readonly retryBudget?: { readonly budgetPercent: number; readonly minRetryConcurrency: number };
  readonly trackRemaining: boolean;
}

/** `downstream`: what the client speaks, as far as it is configured. `auto`: what the server chooses by ALPN. */
export type UpstreamProtocol = 'http1' | 'http2' | 'downstream' | 'auto';

/** The name of a TLS server, taken from each request. */
export interface AutomaticNames {
  /** `auto_sni` */
  readonly sni: boolean;
  /** `auto_san_validation` */
  readonly sanValidation: boolean;
  /** Its value is the name, where a request has it; empty: the host. */
  readonly headerName: string;
}

export interface UpstreamHttpOptions {
  readonly protocol: UpstreamProtocol;
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** 0 = no limit. */
  readonly maxRequestsPerConnection: number;
  readonly maxResponseHeadersBytes: number;
  readonly maxHeadersCount: number;
  readonly enableTrailers: boolean;
  /** Absent: TLS names what the cluster says. */
  readonly automaticNames?: AutomaticNames;
  /** Absent: lower case. */
  readonly headerKeyFormat?: HeaderKeyFormat;
  /** Absent: HTTP/2 is not spoken. */
  readonly http2?: Http2ProtocolOptions;
}
