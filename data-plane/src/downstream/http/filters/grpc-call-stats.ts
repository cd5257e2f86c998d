import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { Counter, StatsScope } from '../../../stats/stats.ts';

const ofCluster = 'cluster.<cluster>.grpc.';
const ofMethod = `${ofCluster}<service>.<method>.`;

export const grpcCallStats = describeStats(
  [ofCluster, ofMethod, ofCluster.replace('grpc', 'grpc-web'), ofMethod.replace('grpc', 'grpc-web')],
  (make) => ({
    success: make.counter(
      'success',
      'Calls that ended with `grpc-status` 0, or without an error of Connect.',
    ),
    failure: make.counter(
      'failure',
      'Calls that ended with another `grpc-status`, or with an error of Connect.',
    ),
    total: make.counter('total', 'Calls that ended, one way or the other.'),
    byStatus: make.counters('<grpc_status>', 'Calls that ended with this `grpc-status`.'),
  }),
);

export const grpcMessageStats = describeStats([ofCluster, ofMethod], (make) => ({
  requestMessages: make.counter('request_message_count', 'Messages from clients.', 'messages'),
  responseMessages: make.counter('response_message_count', 'Messages to clients.', 'messages'),
  timeMs: make.histogram(
    'upstream_rq_time',
    'Time from the last byte to the host to the last byte from it, with `enable_upstream_stats`.',
    'ms',
  ),
}));

/** More names than any API has; what comes beyond them is counted without its name. */
const maxMethodCount = 1_000;
const maxNameLength = 256;
const maxStatusCount = 32;
/** Nothing else that an upstream writes becomes a name: it could be that of another statistic. */
const statusPattern = /^\d{1,9}$/;

/** Statistics of a cluster, `cluster.<name>.`; undefined: there is none. Asked once per call; the root knows clusters. */
export type ClusterScopes = (clusterName: string) => StatsScope | undefined;

export interface GrpcMethod {
  /** With its package: `pkg.Service`. */
  readonly service: string;
  readonly method: string;
}

/** `/pkg.Service/Method`, without its query; undefined: no path of gRPC. Empty parts count as none, as in Envoy. */
export function parseGrpcPath(path: string): GrpcMethod | undefined {
  const [service, method, ...rest] = (path.split('?', 1)[0] ?? '').split('/').filter((part) => part !== '');
  return service === undefined || method === undefined || rest.length > 0 ? undefined : { service, method };
}

/** How calls ended. A counter for each status is made when it is first seen. */
export class GrpcCallStats {
  readonly #stats: StatsOf<typeof grpcCallStats>;
  readonly #byStatus = new Map<string, Counter>();

  constructor(scope: StatsScope) {
    this.#stats = grpcCallStats.create(scope);
  }

  /** `status` as the upstream wrote it: what is no number is a failure. Undefined: it said none here, which counts nothing. */
  onStatus(status: string | undefined): void {
    if (status === undefined) return;
    this.#counterOf(status)?.inc();
    this.onEnd(status === '0');
  }

  /** Of a protocol whose statuses are no numbers. */
  onEnd(isSuccess: boolean): void {
    (isSuccess ? this.#stats.success : this.#stats.failure).inc();
    this.#stats.total.inc();
  }

  #counterOf(status: string): Counter | undefined {
    const known = this.#byStatus.get(status);
    if (known !== undefined) return known;
    if (this.#byStatus.size >= maxStatusCount || !statusPattern.test(status)) return undefined;
    const counter = this.#stats.byStatus.of(status);
    this.#byStatus.set(status, counter);
    return counter;
  }
}

/**
 * What a worker counts of one protocol, by cluster and method. A cluster's statistics go with it: those that are kept
 * here hang on its scope, and a new cluster of the same name has another one.
 */
export class GrpcStatsByMethod<T> {
  readonly #protocol: 'grpc' | 'grpc-web';
  readonly #scopes: ClusterScopes;
  readonly #create: (scope: StatsScope) => T;
  readonly #byCluster = new WeakMap<StatsScope, Map<string, T>>();

  constructor(protocol: 'grpc' | 'grpc-web', scopes: ClusterScopes, create: (scope: StatsScope) => T) {
    this.#protocol = protocol;
    this.#scopes = scopes;
    this.#create = create;
  }

  /** `method` undefined: those of all methods that are not counted by name. Undefined: there is no such cluster. */
  of(clusterName: string, method: GrpcMethod | undefined): T | undefined {
    const scope = this.#scopes(clusterName);
    if (scope === undefined) return undefined;
    let known = this.#byCluster.get(scope);
    if (known === undefined) {
      known = new Map();
      this.#byCluster.set(scope, known);
    }
    const name = method === undefined ? '' : `${method.service}.${method.method}.`;
    return known.get(name) ?? this.#add(scope, known, name);
  }

  #add(scope: StatsScope, known: Map<string, T>, name: string): T {
    const isNamed = name !== '' && name.length <= maxNameLength && known.size < maxMethodCount;
    const key = isNamed ? name : '';
    let stats = known.get(key);
    if (stats === undefined) {
      stats = this.#create(scope.scope(`${this.#protocol}.${key}`));
      known.set(key, stats);
    }
    return stats;
  }
}
