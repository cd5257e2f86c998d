import type { HeaderMap } from '../../../codec/header-map.ts';
import type { GrpcHttp1BridgeConfig } from '../../../config/model/grpc-filters.ts';
import { isGrpc } from '../grpc-status.ts';
import type { DataResult, HeadersStatus, HttpFilterFactory, TrailersStatus } from '../http-filter.ts';
import { buildFrame, framePrefixBytes } from './grpc-frames.ts';
import { PassThroughFilter } from './pass-through-filter.ts';

/** `envoy.filters.http.grpc_http1_bridge`: calls of HTTP/1.1 clients, which get the end of a call in the head. */
export function createGrpcHttp1BridgeFilterFactory(): HttpFilterFactory {
  return {
    type: 'envoy.extensions.filters.http.grpc_http1_bridge.v3.Config',
    createFactory: (config) => () => {
      const filter = new GrpcHttp1BridgeFilter(config as GrpcHttp1BridgeConfig);
      return { decoder: filter, encoder: filter };
    },
  };
}

class GrpcHttp1BridgeFilter extends PassThroughFilter {
  readonly #config: GrpcHttp1BridgeConfig;
  #isBridging = false;
  /** The client sent a bare message. */
  #isFraming = false;
  /** And gets one: the answer is a message, or does not say otherwise. */
  #isUnwrapping = false;
  #hasRequestPrefix = false;
  /** Of the answer's first frame: what has yet to be dropped. */
  #prefixRestBytes = framePrefixBytes;
  #responseHeaders: HeaderMap | undefined;

  constructor(config: GrpcHttp1BridgeConfig) {
    super();
    this.#config = config;
  }

  override decodeHeaders(headers: HeaderMap): HeadersStatus {
    if (this.#config.upgradesProtobuf && headers.get('content-type') === 'application/x-protobuf') {
      headers.set('content-type', 'application/grpc');
      headers.remove('content-length');
      this.decoderCallbacks?.clearRouteCache();
      this.#isFraming = true;
    }
    this.#isBridging = this.decoderCallbacks?.streamInfo.protocol !== 'HTTP/2' && isGrpc(headers);
    this.#isFraming &&= this.#isBridging;
    if (this.#isBridging && this.#config.ignoresQuery) {
      const path = headers.get(':path') ?? '';
      const end = path.indexOf('?');
      if (end >= 0) headers.set(':path', path.slice(0, end));
    }
    return 'continue';
  }

  override decodeData(chunk: Buffer, endStream: boolean): DataResult {
    if (!this.#isFraming) return 'continue';
    if (endStream && !this.#hasRequestPrefix) return buildFrame(0, chunk);
    // The prefix goes first, with room for the length that only the end will tell.
    if (!this.#hasRequestPrefix) this.decoderCallbacks?.addDecodedData(Buffer.alloc(framePrefixBytes));
    this.#hasRequestPrefix = true;
    if (!endStream) return 'stop-and-buffer';
    this.#writeLength(chunk.length);
    return 'continue';
  }

  override decodeTrailers(): TrailersStatus {
    if (this.#hasRequestPrefix) this.#writeLength(0);
    return 'continue';
  }

  override encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    if (!this.#isBridging || endStream) return 'continue';
    this.#responseHeaders = headers;
    this.#isUnwrapping = this.#isFraming && (isGrpc(headers) || !headers.has('content-type'));
    return 'stop-iteration';
  }

  override encodeData(chunk: Buffer, endStream: boolean): DataResult {
    if (!this.#isBridging) return 'continue';
    const message = this.#isUnwrapping ? this.#dropPrefix(chunk) : chunk;
    if (endStream) return message;
    if (message === chunk) return 'stop-and-buffer';
    this.encoderCallbacks?.addEncodedData(message);
    return 'stop-no-buffer';
  }

  override encodeTrailers(trailers: HeaderMap): TrailersStatus {
    const headers = this.#responseHeaders;
    if (!this.#isBridging || headers === undefined) return 'continue';
    const status = trailers.get('grpc-status');
    if (status !== undefined) {
      if (!/^0+$/.test(status)) headers.set(':status', '503');
      headers.set('grpc-status', status);
    }
    const message = trailers.get('grpc-message');
    if (message !== undefined) headers.set('grpc-message', message);
    headers.set('content-length', String(this.encoderCallbacks?.encodingBuffer()?.length ?? 0));
    return 'continue';
  }

  /** `moreBytes` are not in the buffer yet. */
  #writeLength(moreBytes: number): void {
    const buffer = this.decoderCallbacks?.decodingBuffer();
    buffer?.writeUInt32BE(buffer.length - framePrefixBytes + moreBytes, 1);
  }

  #dropPrefix(chunk: Buffer): Buffer {
    if (this.#prefixRestBytes === 0) return chunk;
    const message = chunk.subarray(this.#prefixRestBytes);
    this.#prefixRestBytes -= chunk.length - message.length;
    return message;
  }
}
