import type { HeaderMap } from '../../codec/header-map.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import { DecoderCallbacks, EncoderCallbacks } from './filter-callbacks.ts';
import { FilterPass, type PassTarget } from './filter-pass.ts';
import { isGrpc } from './grpc-status.ts';
import type {
  DataResult,
  DecoderFilter,
  EncoderFilter,
  HeadersStatus,
  HttpFilter,
  TrailersStatus,
  WatermarkCallbacks,
} from './http-filter.ts';
import type { LocalReply } from './local-reply.ts';
import { buildLocalReply } from './local-reply-message.ts';
import type { RouteEntry } from './route-entry.ts';
import type { StreamInfo } from './stream-info.ts';
import { addFlag } from './stream-info-record.ts';

/** What a filter chain needs of its stream. Implemented by `HttpStream`. */
export interface FilterChainOwner {
  readonly streamInfo: StreamInfo;
  readonly wheel: TimerWheel;
  readonly requestHeaders: HeaderMap | undefined;
  route(): RouteEntry | undefined;
  /** The route, if it was chosen; asking chooses none. */
  readonly chosenRoute: RouteEntry | undefined;
  clearRouteCache(): void;
  /** An answer is about to be made here, of that status (gRPC's are 200 on the wire). */
  onLocalReply(status: number): void;
  /** The answer on its way to the client; `isLocal`: it was made here. */
  writeInformational(headers: HeaderMap): void;
  writeHeaders(headers: HeaderMap, endStream: boolean, isLocal: boolean): void;
  writeData(chunk: Buffer, endStream: boolean): void;
  writeTrailers(trailers: HeaderMap): void;
  readDisable(disable: boolean): void;
  /** How much more of an answer can be kept on its way out. */
  readonly roomBytes: number;
  setWatermarkCallbacks(callbacks: WatermarkCallbacks): void;
  onEncoderBackPressure(isAbove: boolean): void;
  /** A filter broke its promise not to throw. */
  onFilterError(err: unknown): void;
  /** Cuts the stream off. */
  reset(details: string): void;
}

/** The filters of a manager, in configuration order: one per stream and filter, with the filter's name. */
export interface NamedFilter {
  readonly name: string;
  readonly filter: HttpFilter;
}

/** Never added to. */
const noDecoders: DecoderFilter[] = [];
const noEncoders: EncoderFilter[] = [];

/** Of a chain of one filter, as most are, a list that has no room for more. */
function append<F>(filters: F[], filter: F): F[] {
  if (filters.length === 0) return [filter];
  filters.push(filter);
  return filters;
}

/** The filters of one stream: requests pass the decoders in order, answers the encoders in reverse. */
export class HttpFilterChain {
  readonly #owner: FilterChainOwner;
  readonly #decoders: readonly DecoderFilter[];
  /** In the order in which answers pass them. */
  readonly #encoders: readonly EncoderFilter[];
  readonly #decodePass: FilterPass;
  /** Undefined: no filter looks at answers, so they pass by. */
  readonly #encodePass: FilterPass | undefined;
  /** Of the request as it came: what filters make of it does not change how errors are told to the client. */
  readonly #isGrpcRequest: boolean;
  #isResponseLocal = false;
  #hasResponse = false;
  #isResponseWritten = false;
  #isDestroyed = false;

  constructor(owner: FilterChainOwner, filters: readonly NamedFilter[], bufferLimitBytes: number) {
    this.#owner = owner;
    this.#isGrpcRequest = owner.requestHeaders !== undefined && isGrpc(owner.requestHeaders);
    let decoders = noDecoders;
    let encoders = noEncoders;
    for (const { filter } of filters) {
      if (filter.decoder !== undefined) decoders = append(decoders, filter.decoder);
      if (filter.encoder !== undefined) encoders = append(encoders, filter.encoder);
    }
    if (encoders.length > 1) encoders.reverse();
    this.#decoders = decoders;
    this.#encoders = encoders;
    this.#decodePass = new FilterPass(
      new DecodeTarget(this, this.#decoders),
      this.#decoders.length,
      bufferLimitBytes,
    );
    this.#encodePass =
      this.#encoders.length === 0
        ? undefined
        : new FilterPass(new EncodeTarget(this, this.#encoders), this.#encoders.length, bufferLimitBytes);
    this.#giveCallbacks(filters);
  }

  #giveCallbacks(filters: readonly NamedFilter[]): void {
    let decoderIndex = 0;
    let encoderIndex = this.#encoders.length;
    for (const { name, filter } of filters) {
      if (filter.decoder !== undefined) {
        filter.decoder.setDecoderCallbacks(
          new DecoderCallbacks(this, this.#owner, this.#decodePass, name, decoderIndex++),
        );
      }
      if (filter.encoder !== undefined && this.#encodePass !== undefined) {
        filter.encoder.setEncoderCallbacks(
          new EncoderCallbacks(this, this.#owner, this.#encodePass, name, --encoderIndex),
        );
      }
    }
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (!this.#decodePass.isAborted) this.#decodePass.headers(headers, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (!this.#decodePass.isAborted) this.#decodePass.data(chunk, endStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (!this.#decodePass.isAborted) this.#decodePass.trailers(trailers);
  }

  encodeInformational(headers: HeaderMap): void {
    if (this.#isDestroyed || this.#hasResponse) return;
    for (const encoder of this.#encoders) encoder.encodeInformational(headers);
    this.#owner.writeInformational(headers);
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.#isDestroyed || this.#hasResponse) return;
    this.#hasResponse = true;
    if (this.#encodePass === undefined) this.writeHeaders(headers, endStream);
    else this.#encodePass.headers(headers, endStream);
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isDestroyed || this.#isResponseLocal) return;
    if (this.#encodePass === undefined) this.writeData(chunk, endStream);
    else if (!this.#encodePass.isAborted) this.#encodePass.data(chunk, endStream);
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (this.#isDestroyed || this.#isResponseLocal) return;
    if (this.#encodePass === undefined) this.writeTrailers(trailers);
    else if (!this.#encodePass.isAborted) this.#encodePass.trailers(trailers);
  }

  /**
   * Answers for the upstream. Before an answer began, all encoders see it; while they hold one back, it is replaced
   * and they see nothing; after its head went out, the stream is reset.
   */
  sendLocalReply(reply: LocalReply): void {
    if (this.#isDestroyed) return;
    const info = this.#owner.streamInfo;
    if (reply.flag !== undefined) addFlag(info, reply.flag);
    if (this.#isResponseWritten) {
      this.#owner.reset(reply.details);
      return;
    }
    info.responseDetails = reply.details;
    info.localReplyBody = reply.body;
    this.#owner.onLocalReply(reply.status);
    this.#decodePass.abort();
    const request = this.#owner.requestHeaders;
    const isHead = request?.get(':method') === 'HEAD';
    const { headers, body } = buildLocalReply(reply, this.#isGrpcRequest, isHead, (replyHeaders) =>
      this.#owner.chosenRoute?.modifyLocalReply?.(replyHeaders, info, request),
    );
    const isHeldBack = this.#hasResponse;
    this.#hasResponse = true;
    if (this.#encodePass === undefined || isHeldBack) {
      this.#encodePass?.abort();
      this.#isResponseLocal = true;
      this.writeHeaders(headers, body === undefined);
      if (body !== undefined) this.writeData(body, true);
      return;
    }
    // What the upstream still says is not part of this answer: see `encodeData`.
    this.#isResponseLocal = true;
    this.#encodePass.headers(headers, body === undefined);
    if (body !== undefined && !this.#encodePass.isAborted) this.#encodePass.data(body, true);
  }

  writeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.#isResponseWritten = true;
    this.#owner.writeHeaders(headers, endStream, this.#isResponseLocal);
  }

  writeData(chunk: Buffer, endStream: boolean): void {
    this.#owner.writeData(chunk, endStream);
  }

  writeTrailers(trailers: HeaderMap): void {
    this.#owner.writeTrailers(trailers);
  }

  readDisable(disable: boolean): void {
    this.#owner.readDisable(disable);
  }

  /** A filter threw: the request is answered, the others live on. */
  onFilterError(err: unknown): void {
    this.#owner.onFilterError(err);
    this.sendLocalReply({ status: 500, body: 'Internal Server Error', details: 'filter_threw' });
  }

  /** To the upstream, a filter that buffers too much is as a client that reads too slowly. */
  holdUpstream(isAbove: boolean): void {
    this.#owner.onEncoderBackPressure(isAbove);
  }

  /** The stream is over: every filter hears of it, once. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#decodePass.abort();
    this.#encodePass?.abort();
    for (const decoder of this.#decoders) decoder.onDestroy();
    for (const encoder of this.#encoders) {
      // A filter for both directions hears of it once.
      if (!(this.#decoders as readonly object[]).includes(encoder)) encoder.onDestroy();
    }
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }
}

class DecodeTarget implements PassTarget {
  readonly #chain: HttpFilterChain;
  readonly #filters: readonly DecoderFilter[];

  constructor(chain: HttpFilterChain, filters: readonly DecoderFilter[]) {
    this.#chain = chain;
    this.#filters = filters;
  }

  callHeaders(index: number, headers: HeaderMap, endStream: boolean): HeadersStatus {
    try {
      return this.#filters[index]?.decodeHeaders(headers, endStream) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-iteration';
    }
  }

  callData(index: number, chunk: Buffer, endStream: boolean): DataResult {
    try {
      return this.#filters[index]?.decodeData(chunk, endStream) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-no-buffer';
    }
  }

  callTrailers(index: number, trailers: HeaderMap): TrailersStatus {
    try {
      return this.#filters[index]?.decodeTrailers(trailers) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-iteration';
    }
  }

  // Behind the terminal filter there is nothing.
  passHeaders(): void {}
  passData(): void {}
  passTrailers(): void {}

  onBufferOverflow(): void {
    this.#chain.sendLocalReply({
      status: 413,
      body: 'Payload Too Large',
      details: 'request_payload_too_large',
      grpcStatus: 2,
    });
  }

  onBackPressure(isAbove: boolean): void {
    this.#chain.readDisable(isAbove);
  }
}

class EncodeTarget implements PassTarget {
  readonly #chain: HttpFilterChain;
  readonly #filters: readonly EncoderFilter[];

  constructor(chain: HttpFilterChain, filters: readonly EncoderFilter[]) {
    this.#chain = chain;
    this.#filters = filters;
  }

  callHeaders(index: number, headers: HeaderMap, endStream: boolean): HeadersStatus {
    try {
      return this.#filters[index]?.encodeHeaders(headers, endStream) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-iteration';
    }
  }

  callData(index: number, chunk: Buffer, endStream: boolean): DataResult {
    try {
      return this.#filters[index]?.encodeData(chunk, endStream) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-no-buffer';
    }
  }

  callTrailers(index: number, trailers: HeaderMap): TrailersStatus {
    try {
      return this.#filters[index]?.encodeTrailers(trailers) ?? 'continue';
    } catch (err) {
      this.#chain.onFilterError(err);
      return 'stop-iteration';
    }
  }

  passHeaders(headers: HeaderMap, endStream: boolean): void {
    this.#chain.writeHeaders(headers, endStream);
  }

  passData(chunk: Buffer, endStream: boolean): void {
    this.#chain.writeData(chunk, endStream);
  }

  passTrailers(trailers: HeaderMap): void {
    this.#chain.writeTrailers(trailers);
  }

  onBufferOverflow(): void {
    this.#chain.sendLocalReply({
      status: 500,
      body: 'Internal Server Error',
      details: 'response_payload_too_large',
    });
  }

  onBackPressure(isAbove: boolean): void {
    this.#chain.holdUpstream(isAbove);
  }
}
