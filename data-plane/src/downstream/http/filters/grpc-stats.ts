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
import { ConnectAnswer } from './connect-answer.ts';
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

/** Connect's calls of one message are plain HTTP; its streams have the frames of gRPC (Connect protocol reference). */
type CallKind = 'grpc' | 'connect-unary' | 'connect-streaming';

function callKindOf(headers: HeaderMap): CallKind | undefined {
  if (isGrpc(headers)) return 'grpc';
  if (isConnectStreaming(headers)) return 'connect-streaming';
  return headers.has('connect-protocol-version') ? 'connect-unary' : undefined;
}

function isConnectStreaming(headers: HeaderMap): boolean {
  return headers.get('content-type')?.startsWith('application/connect+') ?? false;
}

class GrpcStatsFilter extends PassThroughFilter {
  readonly #find: FindStats;
  readonly #hasUpstreamTime: boolean;
  #kind: CallKind = 'grpc';
  /** Undefined: not a call, or one to nowhere. */
  #stats: MethodStats | undefined;
  #requestFrames: GrpcFrames | undefined;
  #responseFrames: GrpcFrames | ConnectAnswer | undefined;

  constructor(find: FindStats, hasUpstreamTime: boolean) {
    super();
    this.#find = find;
    this.#hasUpstreamTime = hasUpstreamTime;
  }

  override decodeHeaders(headers: HeaderMap): HeadersStatus {
    const kind = callKindOf(headers);
    if (kind === undefined) return 'continue';
    const clusterName = this.decoderCallbacks?.route()?.clusterName ?? '';
    this.#stats = this.#find(clusterName, headers.get(':path') ?? '');
    this.#kind = kind;
    if (this.#stats !== undefined && kind !== 'connect-unary') this.#requestFrames = new GrpcFrames();
    return 'continue';
  }

  override decodeData(chunk: Buffer, endStream: boolean): DataResult {
    const messages = this.#stats?.messages;
    if (this.#kind === 'connect-unary') {
      if (endStream) messages?.requestMessages.inc();
      return 'continue';
    }
    const count = this.#requestFrames?.count(chunk) ?? 0;
    if (count > 0) messages?.requestMessages.add(count);
    return 'continue';
  }

  override encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    const stats = this.#stats;
    if (stats === undefined) return 'continue';
    const isOk = headers.get(':status') === '200';
    // Whoever asks, and whatever else a stream is answered with.
    if (isOk && isGrpc(headers)) this.#responseFrames = new GrpcFrames();
    else if (this.#kind === 'connect-streaming') this.#responseFrames = new ConnectAnswer();
    if (this.#kind === 'connect-unary') stats.calls.onEnd(isOk);
    else if (!isOk || !isConnectStreaming(headers)) stats.calls.onStatus(headers.get('grpc-status'));
    if (endStream) this.#recordTime(stats);
    return 'continue';
  }

  override encodeData(chunk: Buffer, endStream: boolean): DataResult {
    const stats = this.#stats;
    if (stats === undefined) return 'continue';
    const count = this.#responseFrames?.count(chunk) ?? 0;
    if (count > 0) stats.messages.responseMessages.add(count);
    if (endStream && this.#kind !== 'grpc') this.#onConnectEnd(stats);
    return 'continue';
  }

  override encodeTrailers(trailers: HeaderMap): TrailersStatus {
    if (this.#stats === undefined || this.#kind !== 'grpc') return 'continue';
    this.#stats.calls.onStatus(trailers.get('grpc-status'));
    this.#recordTime(this.#stats);
    return 'continue';
  }

  /** Of an answer with content, unless it is one of gRPC. */
  #onConnectEnd(stats: MethodStats): void {
    const frames = this.#responseFrames;
    if (frames instanceof GrpcFrames) return;
    if (frames === undefined) stats.messages.responseMessages.inc();
    else stats.calls.onEnd(frames.isSuccess);
    this.#recordTime(stats);
  }

  /** An answer that was made here has no upstream to time. */
  #recordTime({ messages }: MethodStats): void {
    const info = this.decoderCallbacks?.streamInfo;
    if (!this.#hasUpstreamTime || info?.lastUpstreamTxByteMs === undefined) return;
    if (info.lastUpstreamByteMs === undefined) return;
    messages.timeMs.record(Math.floor(info.lastUpstreamByteMs - info.lastUpstreamTxByteMs));
  }
}
