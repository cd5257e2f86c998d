import type {
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
  StreamResetReason,
} from '../../codec/codec.ts';
import { HeaderMap } from '../../codec/header-map.ts';
import type {
  HttpConnectionPool,
  PendingStream,
  PoolCallbacks,
  UpstreamConnectionInfo,
} from '../upstream.ts';

/** A request through a pool, as a router would make it, and everything that comes of it. */
export class RecordedRequest implements ResponseDecoder, PoolCallbacks, StreamCallbacks {
  status = 0;
  body = '';
  isComplete = false;
  failure: { readonly reason: StreamResetReason; readonly detail: string } | undefined;
  reset:
    | { readonly reason: StreamResetReason; readonly isReused: boolean; readonly hasReceivedBytes: boolean }
    | undefined;
  encoder: RequestEncoder | undefined;
  connection: UpstreamConnectionInfo | undefined;
  readonly pending: PendingStream | undefined;
  readonly #path: string;

  constructor(pool: HttpConnectionPool, path = '/', needsFreshConnection = false) {
    this.#path = path;
    this.pending = pool.newStream(this, this, needsFreshConnection);
  }

  get isOver(): boolean {
    return this.isComplete || this.failure !== undefined || this.reset !== undefined;
  }

  onPoolReady(encoder: RequestEncoder, connection: UpstreamConnectionInfo): void {
    this.encoder = encoder;
    this.connection = connection;
    encoder.setCallbacks(this);
    encoder.encodeHeaders(
      HeaderMap.of({ ':method': 'GET', ':scheme': 'http', ':authority': 'a.test', ':path': this.#path }),
      true,
    );
  }
  onPoolFailure(reason: StreamResetReason, detail: string): void {
    this.failure = { reason, detail };
  }
  decodeInformational(): void {
    // Not asked for.
  }
  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.status = Number(headers.get(':status'));
    this.isComplete = endStream;
  }
  decodeData(chunk: Buffer, endStream: boolean): void {
    this.body += chunk.toString('latin1');
    this.isComplete = endStream;
  }
  decodeTrailers(): void {
    this.isComplete = true;
  }
  onResetStream(reason: StreamResetReason): void {
    const { isReused = false, hasReceivedBytes = false } = this.connection ?? {};
    this.reset = { reason, isReused, hasReceivedBytes };
  }
  onAboveWriteHighWatermark(): void {
    // Requests are small.
  }
  onBelowWriteLowWatermark(): void {
    // Requests are small.
  }
}
