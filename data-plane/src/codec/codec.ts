import type { HeaderMap } from './header-map.ts';

/**
 * The one stream interface that every HTTP codec implements, for both halves. HTTP/1.1 is an HTTP/2 with one
 * stream at a time. A codec is strict: what it does not understand is an error, never a guess, and what it writes
 * is built anew from what was understood.
 *
 * Request heads carry the pseudo-headers `:method`, `:path`, `:authority`, `:scheme`; answers carry `:status`.
 */
export interface RequestDecoder {
  /** Once per request; `headers` belongs to the receiver. */
  decodeHeaders(headers: HeaderMap, endStream: boolean): void;
  /** `chunk` is lent until the call returns. */
  decodeData(chunk: Buffer, endStream: boolean): void;
  /** Ends the request. */
  decodeTrailers(trailers: HeaderMap): void;
}

export interface ResponseDecoder {
  /** 1xx other than 101; any number, before `decodeHeaders`. */
  decodeInformational(headers: HeaderMap): void;
  decodeHeaders(headers: HeaderMap, endStream: boolean): void;
  decodeData(chunk: Buffer, endStream: boolean): void;
  decodeTrailers(trailers: HeaderMap): void;
}

/**
 * Bytes of one stream so far, as Envoy counts them. Those of the wire have heads and framing in them; in HTTP/1.1 they
 * are what was read at a time, whatever else stood behind the message. Header bytes have no start line; in HTTP/2 they
 * are those of HEADERS and CONTINUATION.
 */
export interface StreamBytes {
  bytesRead: number;
  bytesWritten: number;
  headerBytesRead: number;
  headerBytesWritten: number;
  /** Before they were compressed. HTTP/1.1: with each head that is read once more all that was read before. */
  decompressedHeaderBytesRead: number;
  decompressedHeaderBytesWritten: number;
}

/** What both encoders have. */
export interface StreamEncoder extends StreamBytes {
  /** `chunk` may be lent until the call returns: what waits is copied, what goes to `Connection.write` need not be. */
  encodeData(chunk: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: HeaderMap): void;
  /** Ends the stream now, both directions. Idempotent; no event follows. */
  resetStream(): void;
  /** Counted; stops the peer from sending more of this stream. */
  readDisable(disable: boolean): void;
  setCallbacks(callbacks: StreamCallbacks): void;
}

export interface ResponseEncoder extends StreamEncoder {
  /** How much more of an answer this stream's connection may keep for it, as things are now; absent: it has all of it. */
  readonly roomBytes?: number;
  encodeInformational(headers: HeaderMap): void;
  encodeHeaders(headers: HeaderMap, endStream: boolean): void;
}

export interface RequestEncoder extends StreamEncoder {
  encodeHeaders(headers: HeaderMap, endStream: boolean): void;
}

export interface StreamCallbacks {
  /** How much more of what is read the receiver can keep now, where it knows. */
  readonly roomBytes?: number;
  /** The stream ended before both directions were complete; at most once, last event of the stream. */
  onResetStream(reason: StreamResetReason, detail: string): void;
  onAboveWriteHighWatermark(): void;
  onBelowWriteLowWatermark(): void;
}

/** Envoy's reset reasons. Their text for bodies and logs is in router/reset-reason.ts. */
export type StreamResetReason =
  | 'local-reset'
  | 'remote-reset'
  | 'local-connection-failure'
  | 'remote-connection-failure'
  | 'connection-timeout'
  | 'connection-termination'
  | 'overflow'
  | 'protocol-error'
  | 'remote-refused-stream';

export type HttpProtocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';

/** Downstream half: reads requests, writes answers. Fed by the owner of the connection. */
export interface ServerCodec {
  readonly protocol: HttpProtocol;
  /** Bytes of the connection, lent. Never throws; errors go to `onProtocolError`. */
  dispatch(chunk: Buffer): void;
  /** The client sent FIN. */
  onEnd(): void;
  /** The connection is gone; resets what is open with `connection-termination`. */
  onClose(detail: string): void;
  onAboveWriteHighWatermark(): void;
  onBelowWriteLowWatermark(): void;
  /** The next answer says that the connection closes (HTTP/1.1 `connection: close`, HTTP/2 GOAWAY). */
  drain(): void;
  /**
   * HTTP/2 drains in two steps: `drain` announces it, and this, a drain time-out later, names the last stream that is
   * taken. The connection is to be closed when no stream is open (then or at `onStreamEnd`, which says so).
   */
  finishDrain?(): void;
  /** Streams that are open; HTTP/1.1 counts the one being answered. */
  readonly activeStreamCount: number;
  /** Of the message that is not a stream (yet): what `onProtocolError` or a time-out refuses. */
  readonly pendingBytes?: Pick<StreamBytes, 'bytesRead' | 'headerBytesRead'>;
}

export interface ServerCodecCallbacks {
  /** A request begins. The returned decoder receives it; `encoder` answers it. */
  onNewStream(encoder: ResponseEncoder): RequestDecoder;
  /** The bytes that are there end in the middle of a request's head; said for each read that ends so. */
  onHeadPending?(): void;
  /**
   * Bytes that are no request: the codec has stopped reading. With a stream open for the request the owner answers
   * on it, otherwise with `writeErrorResponse`; then it closes the connection.
   */
  onProtocolError(error: CodecError): void;
  /** A stream is complete in both directions (or reset). `shouldClose`: the connection takes no further request. */
  onStreamEnd(shouldClose: boolean): void;
}

/** Why bytes were refused. `details` are Envoy's response code details, such as `http1.codec_error`. */
export interface CodecError {
  /** 400, 413, 417, 426, 431, 501, 505; 502 for answers. */
  readonly status: number;
  readonly details: string;
  /** Body of the answer; empty for none. */
  readonly body: string;
}

/** Upstream half: writes requests, reads answers. */
export interface ClientCodec {
  /** `TCP`: the stream's bytes as they are, behind a CONNECT that ends here. */
  readonly protocol: HttpProtocol | 'TCP';
  dispatch(chunk: Buffer): void;
  /** The server sent FIN: ends a close-delimited answer, else resets. */
  onEnd(): void;
  onClose(detail: string): void;
  onAboveWriteHighWatermark(): void;
  onBelowWriteLowWatermark(): void;
  /** Begins a stream; only below `streamCapacity`. */
  newStream(decoder: ResponseDecoder): RequestEncoder;
  /** Streams that can be open at a time, as things are now: 1 for HTTP/1.1, 0 when none can be opened any more. */
  readonly streamCapacity: number;
  readonly activeStreamCount: number;
  /** How long the server says that it keeps an idle connection (`Keep-Alive: timeout`), ms; 0: it has not said. */
  readonly announcedIdleTimeoutMs?: number;
}

export interface ClientCodecCallbacks {
  /** The answer is complete and so is the request. `isReusable` false: the connection must not be used again. */
  onStreamEnd(isReusable: boolean): void;
  /** The server broke the protocol (or spoke unasked); streams are reset by the codec, the owner closes. */
  onProtocolError(error: CodecError): void;
  /** The server will take no more streams (GOAWAY, `connection: close`); open ones finish. */
  onGoAway(): void;
  /** `streamCapacity` is another one (SETTINGS). */
  onStreamCapacityChange?(): void;
}
