import type { HttpProtocol, RequestEncoder, ResponseDecoder, StreamResetReason } from '../codec/codec.ts';
import type { ServedCluster } from '../config/model/cluster.ts';
import type { Locality } from '../config/model/locality.ts';
import type { SocketAddress } from '../transport/connection.ts';
import type { TlsFacts } from '../transport/tls-facts.ts';
import type { TransportSocketOptions } from '../transport/transport-socket-options.ts';

/** What the router sees of the upstream half, in one worker. */
export interface ThreadLocalClusters {
  /** An active cluster; undefined for unknown and for warming ones. */
  get(name: string): ThreadLocalCluster | undefined;
}

/**
 * A cluster in one worker: settings, current hosts, load balancer, pools. A request that found it keeps its `info`
 * to the end; every attempt picks from the current hosts.
 */
export interface ThreadLocalCluster {
  readonly info: ServedCluster;
  readonly stats: ClusterStats;
  /** No host: the caller answers 503 UH. */
  chooseHost(context: LoadBalancerContext): Host | undefined;
  /**
   * The pool of that host; made at the first use. A cluster can be told to speak what the client speaks. Requests with
   * other `options` have other pools; the same goes for `tcpPool`.
   */
  httpPool(
    host: Host,
    priority: ResourcePriority,
    downstreamProtocol: HttpProtocol,
    options?: TransportSocketOptions,
  ): HttpConnectionPool;
  /** The same over bare TCP: each stream has a connection of its own, and 200 for an answer once that is there. */
  tcpPool(host: Host, priority: ResourcePriority, options?: TransportSocketOptions): HttpConnectionPool;
  /** A session of a UDP proxy. `onGone`: its host has left, or this object of the cluster: it is to close. */
  openUdpSession(host: Host, onGone: () => void): UdpSession;
  /** Discovery or health checks say so, as of now. */
  isUnhealthy(host: Host): boolean;
  /** False, and counted: one more connection would pass the circuit breaker. */
  canConnect(priority: ResourcePriority): boolean;
  /** The host answered with `x-envoy-immediate-health-check-fail`. Asked only of clusters with health checks. */
  onHostFailed(host: Host): void;
  /** Circuit breakers, over all workers. */
  resources(priority: ResourcePriority): ResourceManager;
}

export type ResourcePriority = 'default' | 'high';

/** What a load balancer may know about a request. Implemented by the router; one object per request. */
export interface LoadBalancerContext {
  /** Route's `metadata_match` in the `envoy.lb` namespace. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | undefined;
  /** Called for each candidate; true makes the balancer pick again, up to `hostSelectionRetryCount` times. */
  shouldSelectAnotherHost(host: Host): boolean;
  readonly hostSelectionRetryCount: number;
}

/** One endpoint of one cluster. The same object for as long as the address stays in the cluster. */
export interface Host {
  readonly address: SocketAddress;
  /** `ip:port`, made once: for logs and `%UPSTREAM_HOST%`. */
  readonly label: string;
  readonly hostname: string;
  readonly locality: Locality;
  readonly priority: number;
  readonly weight: number;
  readonly isCanary: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stats: HostStats;
}

/**
 * Per-host numbers of `/clusters` that the router writes. What the pools know (connections, `rq_total`, `rq_active`)
 * they count themselves.
 */
export interface HostStats {
  /** An attempt ended: `rq_success`, or `rq_error` for a 5xx or a reset. */
  onRequestEnd(isError: boolean): void;
  /** `rq_timeout`. */
  onRequestTimeout(): void;
}

export interface HttpConnectionPool {
  readonly host: Host;
  /**
   * Asks for a stream; exactly one of the callbacks follows, possibly before this returns. The result cancels the
   * wait; undefined when the callback ran already. `needsFreshConnection`: never on a connection that carried a
   * request before (the retry after a keep-alive race).
   */
  newStream(
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
    needsFreshConnection?: boolean,
  ): PendingStream | undefined;
}

export interface PendingStream {
  cancel(): void;
}

export interface PoolCallbacks {
  onPoolReady(encoder: RequestEncoder, connection: UpstreamConnectionInfo): void;
  /** `reason`: overflow, a connect failure or a connect time-out. `detail` as in Envoy's details. */
  onPoolFailure(reason: StreamResetReason, detail: string): void;
}

export interface UpstreamConnectionInfo {
  readonly localAddress: SocketAddress;
  readonly remoteAddress: SocketAddress;
  readonly connectionId: number;
  readonly protocol: HttpProtocol | 'TCP';
  readonly tls?: TlsFacts | undefined;
  /** Of all its streams; the kernel has not taken them. */
  readonly writeBufferedBytes: number;
  /** It carried a request before the current one. */
  readonly isReused: boolean;
  /**
   * A byte of the answer to the current request has come. A reset with `isReused` and without a byte is the
   * keep-alive race: the server closed an idle connection while the request was on its way.
   */
  readonly hasReceivedBytes: boolean;
  /** The server reset it (RST). */
  readonly isReset: boolean;
  /** Resets it, whatever else it carries; its streams end. */
  reset(): void;
}

/** What the cluster is told of a session; the socket is its owner's. */
export interface UdpSession {
  onSent(byteCount: number): void;
  onSendError(): void;
  onReceived(byteCount: number): void;
  onReceiveError(): void;
  /** A datagram of the host is too long. */
  onDropped(): void;
  /** Once. */
  close(): void;
}

/** Counts over all workers against the thresholds of one priority. Requests, pending and connections are counted by the pools; retries by the router. */
export interface ResourceManager {
  canRetry(): boolean;
  retryStarted(): void;
  retryEnded(): void;
}

/** Statistics of a cluster that the router writes; pools and health checks write their own. */
export interface ClusterStats {
  /** `upstream_rq_<code>`, `upstream_rq_<n>xx`, `upstream_rq_completed`, and the canary, internal and external twins. */
  onResponse(status: number, isCanary: boolean, isInternalRequest: boolean): void;
  /** The same below `retry.`: an answer that is not passed on, since the request is tried again. */
  onRetriedResponse(status: number): void;
  /** `upstream_rq_time` and its twins, ms. */
  onResponseTime(ms: number, isCanary: boolean, isInternalRequest: boolean): void;
  readonly retries: RetryStats;
  readonly timeouts: {
    readonly request: CounterLike;
    readonly perTry: CounterLike;
    readonly perTryIdle: CounterLike;
  };
  readonly noneHealthy: CounterLike;
  readonly connectAttemptsExceeded: CounterLike;
  readonly resetsReceived: CounterLike;
  readonly resetsSent: CounterLike;
  readonly connectionFailureEject: CounterLike;
  /** Answers that wait for their client, and go on. */
  readonly flowControl: { readonly pausedReading: CounterLike; readonly resumedReading: CounterLike };
}

export interface RetryStats {
  readonly attempted: CounterLike;
  readonly succeeded: CounterLike;
  readonly limitExceeded: CounterLike;
  readonly overflow: CounterLike;
  readonly backOffExponential: CounterLike;
  /** `retry_or_shadow_abandoned`. */
  readonly abandoned: CounterLike;
}

export interface CounterLike {
  inc(): void;
}
