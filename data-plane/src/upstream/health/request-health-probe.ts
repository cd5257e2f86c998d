import type {
  ClientCodec,
  ClientCodecCallbacks,
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
} from '../../codec/codec.ts';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { CloseKind, Connection, ConnectionHandlers } from '../../transport/connection.ts';
import type { ClientCodecFactory } from '../pool/client-codecs.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';
import { networkFailure, probeConnectTimeoutMs, type HealthProbe, type ProbeTarget } from './health-probe.ts';
import type { CheckResult } from './health-state.ts';

/** What is asked of a host, and what its answer means. */
export interface ProbeExchange {
  buildRequest(target: ProbeTarget): ProbeRequest;
  /** So much of the answer's content is kept to be judged. */
  readonly maxContentBytes: number;
  judge(answer: ProbeAnswer): CheckResult;
}

export interface ProbeRequest {
  readonly headers: HeaderMap;
  readonly content?: Buffer;
}

export interface ProbeAnswer {
  readonly headers: HeaderMap;
  readonly content: Buffer;
  readonly trailers?: HeaderMap;
}

export interface RequestProbeOptions {
  readonly exchange: ProbeExchange;
  readonly reuseConnection: boolean;
  readonly connector: UpstreamConnector;
  readonly createCodec: ClientCodecFactory;
  /** What is offered over TLS. */
  readonly alpnProtocols: readonly string[];
}

/** Asks by HTTP, and judges the whole answer. */
export class RequestHealthProbe implements HealthProbe {
  readonly #options: RequestProbeOptions;
  #connection: ProbeConnection | undefined;

  constructor(options: RequestProbeOptions) {
    this.#options = options;
  }

  check(target: ProbeTarget, onResult: (result: CheckResult) => void): void {
    const kept = this.#connection;
    if (kept === undefined || !kept.isUsable) {
      this.#checkAnew(target, onResult);
      return;
    }
    kept.send(this.#options.exchange.buildRequest(target), (result) => {
      // Servers close idle connections at moments of their own; that says nothing about their health.
      if (result === networkFailure && !kept.hasReceivedBytes) this.#checkAnew(target, onResult);
      else onResult(result);
    });
  }

  abort(): void {
    this.#connection?.abort();
    this.#connection = undefined;
  }

  #checkAnew(target: ProbeTarget, onResult: (result: CheckResult) => void): void {
    this.#connection = new ProbeConnection(this.#options, target);
    this.#connection.send(this.#options.exchange.buildRequest(target), onResult);
  }
}

/** One connection with at most one request on it. */
class ProbeConnection implements ConnectionHandlers, ClientCodecCallbacks, ResponseDecoder, StreamCallbacks {
  /** A byte of the answer to the current request has come. */
  hasReceivedBytes = false;
  readonly #options: RequestProbeOptions;
  readonly #connection: Connection;
  readonly #codec: ClientCodec;
  #isClosed = false;
  #onResult: ((result: CheckResult) => void) | undefined;
  #answer: HeaderMap | undefined;
  #content: Buffer[] = [];
  #contentBytes = 0;
  #trailers: HeaderMap | undefined;
  #isAnswerWhole = false;
  /** The stream is over, and whether the connection is. The codec says so before it hands over the last part. */
  #end: { readonly isReusable: boolean } | undefined;

  constructor(options: RequestProbeOptions, target: ProbeTarget) {
    this.#options = options;
    this.#connection = options.connector.connect(target.host, probeConnectTimeoutMs, options.alpnProtocols);
    this.#connection.setHandlers(this);
    this.#codec = options.createCodec(this.#connection, this);
  }

  get isUsable(): boolean {
    return !this.#isClosed;
  }

  send({ headers, content }: ProbeRequest, onResult: (result: CheckResult) => void): void {
    this.#onResult = onResult;
    this.#answer = undefined;
    this.#content = [];
    this.#contentBytes = 0;
    this.#trailers = undefined;
    this.#isAnswerWhole = false;
    this.#end = undefined;
    this.hasReceivedBytes = false;
    const encoder: RequestEncoder = this.#codec.newStream(this);
    encoder.setCallbacks(this);
    encoder.encodeHeaders(headers, content === undefined);
    if (content !== undefined) encoder.encodeData(content, true);
  }

  abort(): void {
    this.#onResult = undefined;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close('abort');
  }

  decodeInformational(): void {
    // The answer follows.
  }
  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.#answer = headers;
    this.#isAnswerWhole = endStream;
    this.#judge();
  }
  decodeData(chunk: Buffer, endStream: boolean): void {
    const wantedBytes = this.#options.exchange.maxContentBytes - this.#contentBytes;
    if (wantedBytes > 0) this.#content.push(Buffer.from(chunk.subarray(0, wantedBytes)));
    this.#contentBytes += chunk.length;
    this.#isAnswerWhole = endStream;
    this.#judge();
  }
  decodeTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.#isAnswerWhole = true;
    this.#judge();
  }

  onStreamEnd(isReusable: boolean): void {
    this.#end = { isReusable };
    this.#judge();
  }
  onResetStream(): void {
    this.#finish(networkFailure, 'abort');
  }
  onProtocolError(): void {
    this.#finish(networkFailure, 'abort');
  }
  onGoAway(): void {
    this.#isClosed = true;
  }
  onData(chunk: Buffer): void {
    this.hasReceivedBytes = true;
    this.#codec.dispatch(chunk);
  }
  onEnd(): void {
    // Between two checks that is no failure: the next one opens a new connection.
    this.#codec.onEnd();
    this.#finish(undefined, 'flush');
  }
  onClose(_reason: unknown, detail: string): void {
    this.#isClosed = true;
    this.#codec.onClose(detail);
    this.#finish(networkFailure);
  }
  onAboveWriteHighWatermark(): void {
    // A request is all that is written.
  }
  onBelowWriteLowWatermark(): void {
    // See above.
  }

  #judge(): void {
    if (this.#answer === undefined || !this.#isAnswerWhole || this.#end === undefined) return;
    const closing = this.#end.isReusable && this.#options.reuseConnection ? undefined : 'flush';
    const answer = { headers: this.#answer, content: Buffer.concat(this.#content) };
    const trailers = this.#trailers;
    const { exchange } = this.#options;
    this.#finish(exchange.judge(trailers === undefined ? answer : { ...answer, trailers }), closing);
  }

  /** `closing`: the connection is of no further use. The result comes before what closing brings about. */
  #finish(result: CheckResult | undefined, closing?: CloseKind): void {
    const onResult = this.#onResult;
    if (result !== undefined) this.#onResult = undefined;
    if (closing !== undefined) this.#isClosed = true;
    if (result !== undefined) onResult?.(result);
    if (closing !== undefined) this.#connection.close(closing);
  }
}
