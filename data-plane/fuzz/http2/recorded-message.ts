import type { RequestDecoder, ResponseDecoder, StreamCallbacks } from '../../src/codec/codec.ts';
import type { HeaderMap } from '../../src/codec/header-map.ts';

export type MessageEvent =
  | { readonly kind: 'informational'; readonly headers: HeaderMap }
  | { readonly kind: 'headers'; readonly headers: HeaderMap; readonly endStream: boolean }
  | { readonly kind: 'data'; readonly chunk: Buffer; readonly endStream: boolean }
  | { readonly kind: 'trailers'; readonly trailers: HeaderMap };

/** A message as a codec delivered it, to be looked at or sent on. */
export class RecordedMessage implements RequestDecoder, ResponseDecoder, StreamCallbacks {
  readonly events: MessageEvent[] = [];
  readonly informational: HeaderMap[] = [];
  headers: HeaderMap | undefined;
  body = '';
  trailers: HeaderMap | undefined;
  isComplete = false;
  /** Why the stream was reset; undefined: it was not. */
  reset: { readonly reason: string; readonly detail: string } | undefined;
  onComplete: () => void = () => undefined;

  decodeInformational(headers: HeaderMap): void {
    this.#note({ kind: 'informational', headers }, false);
    this.informational.push(headers);
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.headers = headers.clone();
    this.#note({ kind: 'headers', headers, endStream }, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.body += chunk.toString('latin1');
    this.#note({ kind: 'data', chunk: Buffer.from(chunk), endStream }, endStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.#note({ kind: 'trailers', trailers }, true);
  }

  onResetStream(reason: string, detail: string): void {
    if (this.reset !== undefined) throw new Error('a second reset');
    this.reset = { reason, detail };
  }

  onAboveWriteHighWatermark(): void {
    // Nothing is held back here.
  }

  onBelowWriteLowWatermark(): void {
    // Nothing is held back here.
  }

  #note(event: MessageEvent, isEnd: boolean): void {
    // What no codec may do, whatever it reads.
    if (this.isComplete || this.reset !== undefined) throw new Error(`${event.kind} behind the end`);
    if (event.kind === 'data' || event.kind === 'trailers') {
      if (this.headers === undefined) throw new Error(`${event.kind} before a head`);
    }
    this.events.push(event);
    this.isComplete = isEnd;
    if (isEnd) this.onComplete();
  }
}
