import type { HeaderMap } from '../../../codec/header-map.ts';
import type { CountedMethods, GrpcStatsConfig } from '../../../config/model/grpc-filters.ts';
import type { StatsOf } from '../../../stats/describe-stats.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import { isGrpc } from '../grpc-status.ts';
import type { DataResult, HeadersStatus, HttpFilterFactory, TrailersStatus } from '../http-filter.ts';
import {
  GrpcCallStats,
  grpcMessageStats,
  GrpcStatsByMethod,
  parseGrpcPath,
  type ClusterScopes,
  type GrpcMethod,
} from './grpc-call-stats.ts';
import { GrpcFrames } from './grpc-frames.ts';
import { PassThroughFilter } from './pass-through-filter.ts';

/** `envoy.filters.http.grpc_stats`: counts calls, their ends and their messages, with the cluster that they go to. */
export function createGrpcStatsFilterFactory(scopes: ClusterScopes): HttpFilterFactory {
  const byMethod = new GrpcStatsByMethod('grpc', scopes, (scope) => new MethodStats(scope));
  return {
    type: 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
    createFactory(config) {
      const { methods, hasUpstreamTime } = config as GrpcStatsConfig;
      const nameOf = compileNames(methods);
      const find: FindStats = (clusterName, path) => {
        const method = parseGrpcPath(path);
        return method === undefined ? undefined : byMethod.of(clusterName, nameOf(method));
      };
      return () => {
        const filter = new GrpcStatsFilter(find, hasUpstreamTime);
        return { decoder: filter, encoder: filter };
      };
    },
  };
}

class MethodStats {
  readonly calls: GrpcCallStats;
  readonly messages: StatsOf<typeof grpcMessageStats>;

  constructor(scope: StatsScope) {
    this.calls = new GrpcCallStats(scope);
    this.messages = grpcMessageStats.create(scope);
  }
}

/** What a method is counted as; undefined: without its name. */
function compileNames(methods: CountedMethods): (method: GrpcMethod) => GrpcMethod | undefined {
  switch (methods.kind) {
    case 'none':
      return () => undefined;
    case 'all':
      if (!methods.replacesDots) return (method) => method;
      return ({ service, method }) => ({ service: service.replaceAll('.', '_'), method });
    case 'listed': {
      const names = new Set(methods.names);
      return (method) => (names.has(`${method.service}/${method.method}`) ? method : undefined);
    }
  }
}

type FindStats = (clusterName: string, path: string) => MethodStats | undefined;

class GrpcStatsFilter extends PassThroughFilter {
  readonly #find: FindStats;
  readonly #hasUpstreamTime: boolean;
  /** Undefined: not a call, or one to nowhere. */
  #stats: MethodStats | undefined;
  #requestFrames: GrpcFrames | undefined;
  #responseFrames: GrpcFrames | undefined;

  constructor(find: FindStats, hasUpstreamTime: boolean) {
    super();
    this.#find = find;
    this.#hasUpstreamTime = hasUpstreamTime;
  }

  override decodeHeaders(headers: HeaderMap): HeadersStatus {
    if (!isGrpc(headers)) return 'continue';
    const clusterName = this.decoderCallbacks?.route()?.clusterName ?? '';
    this.#stats = this.#find(clusterName, headers.get(':path') ?? '');
    if (this.#stats !== undefined) this.#requestFrames = new GrpcFrames();
    return 'continue';
  }

  override decodeData(chunk: Buffer): DataResult {
    const count = this.#requestFrames?.count(chunk) ?? 0;
    if (count > 0) this.#stats?.messages.requestMessages.add(count);
    return 'continue';
  }

  override encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    if (this.#stats === undefined) return 'continue';
    if (headers.get(':status') === '200' && isGrpc(headers)) this.#responseFrames = new GrpcFrames();
    this.#stats.calls.onStatus(headers.get('grpc-status'));
    if (endStream) this.#recordTime(this.#stats);
    return 'continue';
  }

  override encodeData(chunk: Buffer): DataResult {
    const count = this.#responseFrames?.count(chunk) ?? 0;
    if (count > 0) this.#stats?.messages.responseMessages.add(count);
    return 'continue';
  }

  override encodeTrailers(trailers: HeaderMap): TrailersStatus {
    if (this.#stats === undefined) return 'continue';
    this.#stats.calls.onStatus(trailers.get('grpc-status'));
    this.#recordTime(this.#stats);
    return 'continue';
  }

  /** An answer that was made here has no upstream to time. */
  #recordTime({ messages }: MethodStats): void {
    const info = this.decoderCallbacks?.streamInfo;
    if (!this.#hasUpstreamTime || info?.lastUpstreamTxByteMs === undefined) return;
    if (info.lastUpstreamByteMs === undefined) return;
    messages.timeMs.record(Math.floor(info.lastUpstreamByteMs - info.lastUpstreamTxByteMs));
  }
}
