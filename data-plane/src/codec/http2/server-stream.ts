import type { Timer } from '@heddle/shared/time/clock';
import type { RequestDecoder, ResponseEncoder } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { fromUpgradeAnswer } from './extended-connect.ts';
import { Http2Stream, type StreamOwner } from './http2-stream.ts';
import { internalError } from './protocol.ts';

export interface ServerStreamOwner extends StreamOwner {
  readonly activeStreamCount: number;
  /** Undefined: there is no time-out. */
  setFlushTimer(onTimer: () => void): Timer | undefined;
  onFlushTimeout(stream: Http2ServerStream): void;
}

const informational = 0x31;
const success = 0x32;

/** One request and the encoder of its answer. */
export class Http2ServerStream extends Http2Stream implements ResponseEncoder {
  /** Set by the codec before the request is delivered. */
  decoder: RequestDecoder | undefined = undefined;
  /** The owner knows of it. */
  isAnnounced = false;
  openedMs = 0;
  isConnect = false;
  /** An extended CONNECT, which its receiver sees as an upgrade. */
  isUpgrade = false;
  /** Its `sec-websocket-key` was made up. */
  hasOwnKey = false;
  readonly #owner: ServerStreamOwner;
  #flushTimer: Timer | undefined;

  constructor(owner: ServerStreamOwner, id: number, sendWindowBytes: number, receiveWindowBytes: number) {
    super(owner, id, sendWindowBytes, receiveWindowBytes);
    this.#owner = owner;
  }

  /** All streams share what is left of the connection's buffer. */
  get roomBytes(): number {
    return this.#owner.streamBufferBytes / this.#owner.activeStreamCount;
  }

  override complete(): void {
    this.#flushTimer?.cancel();
    super.complete();
  }

  /** Clients take CANCEL for their own doing: to a gRPC client it is the status CANCELLED. */
  override resetStream(): void {
    this.resetWith(internalError);
  }

  encodeInformational(headers: HeaderMap): void {
    if (this.isEnded || this.hasHead) return;
    // 101 belongs to HTTP/1.1 (RFC 9113, 8.6).
    const status = headers.get(':status') ?? '';
    if (status === '101' || status.charCodeAt(0) !== informational) return;
    this.encodeHead(withoutLength(headers), false, false);
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.isEnded || this.hasHead) return;
    const status = headers.get(':status') ?? '';
    if (status === '101' && this.isUpgrade) {
      this.isTunnel = true;
      this.encodeHead(withoutLength(fromUpgradeAnswer(headers, this.hasOwnKey)), endStream, true);
      return;
    }
    if (!isFinalStatus(status)) {
      this.refuse('local-reset', 'http2.unwritable_status', internalError);
      return;
    }
    if (this.isConnect && !this.isUpgrade && status.charCodeAt(0) === success) this.isTunnel = true;
    this.encodeHead(status === '204' || this.isTunnel ? withoutLength(headers) : headers, endStream, true);
  }

  /** The connection manager is done with the answer, so that no other time-out would free what it waits with. */
  protected override onEndWaits(): void {
    if (this.isTunnel) return;
    const { bytesWritten } = this;
    this.#flushTimer = this.#owner.setFlushTimer(() => {
      if (this.bytesWritten > bytesWritten) this.onEndWaits();
      else this.#owner.onFlushTimeout(this);
    });
  }
}

/** 200 to 599. */
function isFinalStatus(status: string): boolean {
  const first = status.charCodeAt(0);
  return status.length === 3 && first >= 0x32 && first <= 0x35 && isDigit(status, 1) && isDigit(status, 2);
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** 1xx, 204 and what opens a tunnel have no length (RFC 9110, 8.6), and clients refuse them with one. */
function withoutLength(headers: HeaderMap): HeaderMap {
  if (!headers.has('content-length')) return headers;
  const answer = headers.clone();
  answer.remove('content-length');
  return answer;
}
