import type { HeaderMap } from '../../../codec/header-map.ts';
import { ownChunk } from '../../../lang/own-chunk.ts';
import { encodeGrpcMessage, grpcStatusOfHttp, isGrpc } from '../grpc-status.ts';
import type { DataResult, HeadersStatus, HttpFilterFactory, TrailersStatus } from '../http-filter.ts';
import { GrpcCallStats, GrpcStatsByMethod, parseGrpcPath, type ClusterScopes } from './grpc-call-stats.ts';
import { buildFrame } from './grpc-frames.ts';
import { Base64Decoder, Base64MessageEncoder } from './grpc-web-text.ts';
import { PassThroughFilter } from './pass-through-filter.ts';

const binaryTypes: ReadonlySet<string> = new Set(['application/grpc-web', 'application/grpc-web+proto']);
const textTypes: ReadonlySet<string> = new Set([
  'application/grpc-web-text',
  'application/grpc-web-text+proto',
]);

/** Flag of the frame that holds the trailers (gRPC-Web). */
const trailersFlag = 0x80;
/** Most of a body that is told in `grpc-message`, as in Envoy. */
const maxMessageBytes = 16_384;
const invalidBase64 = 'Bad gRPC-web request, invalid base64 data.';

/** `envoy.filters.http.grpc_web`: calls of browsers, with their trailers in the body and perhaps in base64. */
export function createGrpcWebFilterFactory(scopes: ClusterScopes): HttpFilterFactory {
  const byMethod = new GrpcStatsByMethod('grpc-web', scopes, (scope) => new GrpcCallStats(scope));
  return {
    type: 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
    createFactory: () => () => {
      const filter = new GrpcWebFilter(byMethod);
      return { decoder: filter, encoder: filter };
    },
  };
}

class GrpcWebFilter extends PassThroughFilter {
  readonly #byMethod: GrpcStatsByMethod<GrpcCallStats>;
  #isWeb = false;
  #stats: GrpcCallStats | undefined;
  /** The request is text. */
  #decoder: Base64Decoder | undefined;
  /** The answer is to be text. */
  #encoder: Base64MessageEncoder | undefined;
  /** Of an answer that is not gRPC: held back until its body is known. */
  #foreignHeaders: HeaderMap | undefined;
  #foreignBody: Buffer[] = [];
  #foreignBytes = 0;

  constructor(byMethod: GrpcStatsByMethod<GrpcCallStats>) {
    super();
    this.#byMethod = byMethod;
  }

  override decodeHeaders(headers: HeaderMap): HeadersStatus {
    const type = headers.get('content-type') ?? '';
    const isText = textTypes.has(type);
    if (!isText && !binaryTypes.has(type)) return 'continue';
    this.#isWeb = true;
    const clusterName = this.decoderCallbacks?.route()?.clusterName ?? '';
    const method = parseGrpcPath(headers.get(':path') ?? '');
    this.#stats = method === undefined ? undefined : this.#byMethod.of(clusterName, method);
    if (isText) this.#decoder = new Base64Decoder();
    if (textTypes.has(headers.get('accept') ?? '')) this.#encoder = new Base64MessageEncoder();
    headers.remove('content-length');
    headers.set('content-type', 'application/grpc');
    headers.set('te', 'trailers');
    if (!headers.has('grpc-accept-encoding')) headers.add('grpc-accept-encoding', 'identity');
    return 'continue';
  }

  override decodeData(chunk: Buffer, endStream: boolean): DataResult {
    if (this.#decoder === undefined) return 'continue';
    const decoded = this.#decoder.decode(chunk);
    if (endStream && this.#decoder.hasRest) return this.#refuse('grpc_base_64_decode_failed_bad_size');
    if (decoded === undefined) return this.#refuse('grpc_base_64_decode_failed');
    return decoded.length > 0 || endStream ? decoded : 'stop-no-buffer';
  }

  override decodeTrailers(): TrailersStatus {
    if (this.#decoder?.hasRest !== true) return 'continue';
    this.#refuse('grpc_base_64_decode_failed_bad_size');
    return 'stop-iteration';
  }

  override encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    if (!this.#isWeb) return 'continue';
    this.#stats?.onStatus(headers.get('grpc-status'));
    const isForeign = !isGrpcAnswer(headers);
    headers.remove('content-length');
    const text = this.#encoder === undefined ? '' : '-text';
    headers.set('content-type', `application/grpc-web${text}+proto`);
    if (endStream || !isForeign) return 'continue';
    this.#foreignHeaders = headers;
    return 'stop-iteration';
  }

  override encodeData(chunk: Buffer, endStream: boolean): DataResult {
    if (this.#foreignHeaders !== undefined) {
      this.#keepForeign(chunk);
      if (!endStream) return 'stop-no-buffer';
      this.#tellForeign(this.#foreignHeaders);
      return noBytes;
    }
    if (this.#encoder === undefined) return 'continue';
    const encoded = this.#encoder.encode(chunk);
    if (endStream) return Buffer.concat([encoded, this.#encoder.finish()]);
    return encoded.length > 0 ? encoded : 'stop-no-buffer';
  }

  override encodeTrailers(trailers: HeaderMap): TrailersStatus {
    if (!this.#isWeb) return 'continue';
    this.#stats?.onStatus(trailers.get('grpc-status'));
    if (this.#foreignHeaders !== undefined) {
      this.#tellForeign(this.#foreignHeaders);
      return 'continue';
    }
    let lines = '';
    for (const [name, value] of trailers) lines += `${name}:${value}\r\n`;
    trailers.clear();
    const frame = buildFrame(trailersFlag, Buffer.from(lines, 'latin1'));
    this.encoderCallbacks?.addEncodedData(this.#encoder?.finish(frame) ?? frame);
    return 'continue';
  }

  #refuse(details: string): DataResult {
    this.decoderCallbacks?.sendLocalReply({ status: 400, body: invalidBase64, details });
    return 'stop-no-buffer';
  }

  #keepForeign(chunk: Buffer): void {
    const kept = chunk.subarray(0, maxMessageBytes - this.#foreignBytes);
    if (kept.length === 0) return;
    this.#foreignBody.push(ownChunk(kept));
    this.#foreignBytes += kept.length;
  }

  /** The client gets the body as the message of a status that stands for the HTTP status. */
  #tellForeign(headers: HeaderMap): void {
    this.#foreignHeaders = undefined;
    headers.set('grpc-message', encodeGrpcMessage(Buffer.concat(this.#foreignBody)));
    headers.set('grpc-status', String(grpcStatusOfHttp(Number(headers.get(':status')))));
    headers.set('content-length', '0');
  }
}

/** Of gRPC, or of gRPC-Web already. */
function isGrpcAnswer(headers: HeaderMap): boolean {
  if (headers.get(':status') !== '200') return false;
  const type = headers.get('content-type')?.split(';', 1)[0]?.trimEnd().toLowerCase() ?? '';
  return isGrpc(headers) || binaryTypes.has(type);
}

const noBytes = Buffer.alloc(0);
