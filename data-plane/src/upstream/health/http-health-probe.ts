import type {
  ClientCodec,
  ClientCodecCallbacks,
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
} from '../../codec/codec.ts';
import { HeaderMap } from '../../codec/header-map.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import type { CloseKind, Connection, ConnectionHandlers } from '../../transport/connection.ts';
import type { ClientCodecFactory } from '../pool/client-codecs.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';
import { networkFailure, probeConnectTimeoutMs, type HealthProbe, type ProbeTarget } from './health-probe.ts';
import type { CheckResult } from './health-state.ts';

export type HttpChecker = Extract<HealthCheck['checker'], { kind: 'http' }>;

export interface HttpProbeOptions {
  readonly checker: HttpChecker;
  /** Host field where neither the endpoint nor the checker has one. */
  readonly clusterName: string;
  readonly reuseConnection: boolean;
  readonly connector: UpstreamConnector;
  readonly createCodec: ClientCodecFactory;
}

/** Asks for one resource over HTTP/1.1 and judges the answer. */
export class HttpHealthProbe implements HealthProbe {
  readonly #options: HttpProbeOptions;
  #connection: ProbeConnection | undefined;

  constructor(options: HttpProbeOptions) {
    this.#options = options;
  }

  check(target: ProbeTarget, onResult: (result: CheckResult) => void): void {
    const kept = this.#connection;
    if (kept === undefined || !kept.isUsable) {
      this.#checkAnew(target, onResult);
      return;
    }
    kept.send(this.#buildRequest(target), (result) => {
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
    this.#connection.send(this.#buildRequest(target), onResult);
  }

  #buildRequest(target: ProbeTarget): HeaderMap {
    const { checker, clusterName } = this.#options;
    const headers = HeaderMap.of({
      ':method': checker.method,
      ':scheme': 'http',
      ':authority': target.hostname || checker.host || clusterName,
      ':path': checker.path,
      'user-agent': 'Envoy/HC',
    });
    for (const { name, value } of checker.requestHeaders) headers.add(name, value);
    return headers;
  }
}

/** One connection with at most one request on it. */
class ProbeConnection implements ConnectionHandlers, ClientCodecCallbacks, ResponseDecoder, StreamCallbacks {
  /** A byte of the answer to the current request has come. */
  hasReceivedBytes = false;
  readonly #options: HttpProbeOptions;
  readonly #connection: Connection;
  readonly #codec: ClientCodec;
  #isClosed = false;
  #onResult: ((result: CheckResult) => void) | undefined;
  #answer: HeaderMap | undefined;
  /** The answer is whole, and whether the connection is. The codec says so before it hands over the last part. */
  #end: { readonly isReusable: boolean } | undefined;

  constructor(options: HttpProbeOptions, target: ProbeTarget) {
    this.#options = options;
    this.#connection = options.connector.connect(target.address, probeConnectTimeoutMs);
    this.#connection.setHandlers(this);
    this.#codec = options.createCodec(this.#connection, this);
  }

  get isUsable(): boolean {
    return !this.#isClosed;
  }

  send(request: HeaderMap, onResult: (result: CheckResult) => void): void {
    this.#onResult = onResult;
    this.#answer = undefined;
    this.#end = undefined;
    this.hasReceivedBytes = false;
    const encoder: RequestEncoder = this.#codec.newStream(this);
    encoder.setCallbacks(this);
    encoder.encodeHeaders(request, true);
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
  decodeHeaders(headers: HeaderMap): void {
    this.#answer = headers;
    this.#judge();
  }
  decodeData(): void {
    // Only the head is judged.
  }
  decodeTrailers(): void {
    // Only the head is judged.
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
    // A request head is all that is written.
  }
  onBelowWriteLowWatermark(): void {
    // See above.
  }

  #judge(): void {
    if (this.#answer === undefined || this.#end === undefined) return;
    const closing = this.#end.isReusable && this.#options.reuseConnection ? undefined : 'flush';
    this.#finish(judgeAnswer(this.#answer, this.#options.checker), closing);
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

/** Only the expected statuses are a success. A retriable status counts towards the threshold. */
export function judgeAnswer(headers: HeaderMap, checker: HttpChecker): CheckResult {
  const status = Number(headers.get(':status'));
  if (!isIn(status, checker.expectedStatuses)) {
    return {
      kind: 'failure',
      type: 'active',
      isRetriable: isIn(status, checker.retriableStatuses),
      isExcluding: headers.has('x-envoy-immediate-health-check-fail'),
    };
  }
  return { kind: 'success', isDegraded: headers.has('x-envoy-degraded') };
}

function isIn(status: number, ranges: readonly { readonly start: number; readonly end: number }[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
