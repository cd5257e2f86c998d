import type { HeaderMap } from '../../codec/header-map.ts';
import type { Clock } from '@heddle/shared/time/clock';
import type { Rng } from '@heddle/shared/random/rng';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { StreamInfo } from './stream-info.ts';
import type { LocalReply } from './local-reply.ts';
import type { RouteEntry } from './route-entry.ts';

/**
 * What an HTTP filter is: Envoy's filter interface. Requests pass the decoders in configuration order, answers the
 * encoders in reverse order. A filter object belongs to one stream; its `config` is shared and frozen.
 * Users who write filters in TypeScript write against this file.
 */
export interface DecoderFilter {
  setDecoderCallbacks(callbacks: DecoderFilterCallbacks): void;
  decodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus;
  /** `chunk` is lent until the call returns, unless the status buffers it. */
  decodeData(chunk: Buffer, endStream: boolean): DataResult;
  decodeTrailers(trailers: HeaderMap): TrailersStatus;
  /** The stream ends, for whatever reason; always called, last. */
  onDestroy(): void;
}

export interface EncoderFilter {
  setEncoderCallbacks(callbacks: EncoderFilterCallbacks): void;
  encodeInformational(headers: HeaderMap): void;
  encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus;
  encodeData(chunk: Buffer, endStream: boolean): DataResult;
  encodeTrailers(trailers: HeaderMap): TrailersStatus;
  onDestroy(): void;
}

/**
 * - `continue`: on to the next filter.
 * - `stop-iteration`: hold the headers; this filter still gets the body; later ones see nothing until it continues.
 * - `continue-and-dont-end-stream`: for a header-only message to which the filter will add a body.
 * - `stop-all-and-buffer`: nothing reaches this filter or later ones; the body is kept, over the limit 413 or 500.
 * - `stop-all-and-watermark`: the same, but over the limit reading stops.
 */
export type HeadersStatus =
  | 'continue'
  | 'stop-iteration'
  | 'continue-and-dont-end-stream'
  | 'stop-all-and-buffer'
  | 'stop-all-and-watermark';

/** `continue` also releases headers that were held, with what was buffered. */
export type DataStatus = 'continue' | 'stop-and-buffer' | 'stop-and-watermark' | 'stop-no-buffer';

/** Bytes: `continue`, with these in place of the chunk. They are lent until the call that took the chunk returns. */
export type DataResult = DataStatus | Buffer;

export type TrailersStatus = 'continue' | 'stop-iteration';

/** What both directions offer to a filter. */
export interface FilterCallbacks {
  readonly streamInfo: StreamInfo;
  readonly clock: Clock;
  /** The route, chosen at the first call and kept until `clearRouteCache`. Undefined: no route matches. */
  route(): RouteEntry | undefined;
  clearRouteCache(): void;
  /** Most specific `typed_per_filter_config` of the calling filter. */
  perRouteConfig(): unknown;
  /** Ends the stream with no more answer than was sent; `details` say why in the access log. */
  resetStream(details?: string): void;
}

export interface DecoderFilterCallbacks extends FilterCallbacks {
  /** Resumes after `stop-iteration` or `stop-all-…`. Not from within the callback that stopped. */
  continueDecoding(): void;
  /** Answers for the upstream; the answer passes the encoders. The filter then returns a stop status. */
  sendLocalReply(reply: LocalReply): void;
  /** Bytes that are buffered for this filter. */
  decodingBuffer(): Buffer | undefined;
  /** Before or within the body: to what is buffered. Within `decodeTrailers`: on to the next filter, ahead of the trailers. */
  addDecodedData(chunk: Buffer): void;
  setDecoderBufferLimit(bytes: number): void;
  readonly decoderBufferLimit: number;
  /** The terminal filter's way to the client. */
  encodeInformational(headers: HeaderMap): void;
  encodeHeaders(headers: HeaderMap, endStream: boolean): void;
  encodeData(chunk: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: HeaderMap): void;
  /** Stops (and resumes) reading of the request; counted. */
  readDisableDownstream(disable: boolean): void;
  /** How much more of an answer the downstream connection may keep for this stream now; Infinity: nobody counts. */
  readonly downstreamRoomBytes: number;
  /** Watermarks of the downstream connection, for the terminal filter. */
  setDownstreamWatermarkCallbacks(callbacks: WatermarkCallbacks): void;
}

export interface EncoderFilterCallbacks extends FilterCallbacks {
  continueEncoding(): void;
  encodingBuffer(): Buffer | undefined;
  /** As `addDecodedData`. */
  addEncodedData(chunk: Buffer): void;
  setEncoderBufferLimit(bytes: number): void;
  readonly encoderBufferLimit: number;
}

export interface WatermarkCallbacks {
  onAboveWriteHighWatermark(): void;
  onBelowWriteLowWatermark(): void;
}

/** What a filter's factory makes for a stream: one or both directions. */
export interface HttpFilter {
  readonly decoder?: DecoderFilter;
  readonly encoder?: EncoderFilter;
}

/** One row of the filter registry of the worker. */
export interface HttpFilterFactory {
  /** Type name of its configuration, such as `envoy.extensions.filters.http.router.v3.Router`. */
  readonly type: string;
  /** Once per filter chain and configuration. The result runs once per stream. */
  createFactory(config: unknown, context: HttpFilterContext): () => HttpFilter;
}

/** What all streams of one connection manager share. */
export interface HttpFilterContext {
  readonly manager: HttpConnectionManager;
  /** `http.<stat_prefix>.` */
  readonly stats: StatsScope;
  /** The timers of the worker, and its clock. */
  readonly wheel: TimerWheel;
  readonly rng: Rng;
}
