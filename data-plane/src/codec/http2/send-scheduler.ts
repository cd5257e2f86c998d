import type { FlowWindow } from './flow-window.ts';
import type { Http2Stream } from './http2-stream.ts';
import { maxWrittenFrameBytes } from './options.ts';

/**
 * Which stream sends next: one frame each, in turn, as far as the windows of stream and connection go. Whoever has
 * sent goes to the end of the row, so that the next update of a small window is another stream's.
 */
export class SendScheduler {
  readonly window: FlowWindow;
  readonly #waiting = new Set<Http2Stream>();

  constructor(window: FlowWindow) {
    this.window = window;
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  forget(stream: Http2Stream): void {
    this.#waiting.delete(stream);
  }

  /** Content that a stream may send in its next frame. */
  limitOf(stream: Http2Stream): number {
    return Math.max(0, Math.min(this.window.bytes, stream.sendWindow.bytes, maxWrittenFrameBytes));
  }

  /** Sends what one stream may. `isBlocked`: the socket takes no more. */
  send(stream: Http2Stream, isBlocked: () => boolean): void {
    while (stream.hasQueue && stream.canSendHead && !isBlocked())
      if (!stream.sendFrame(this.limitOf(stream))) break;
    if (stream.hasQueue) this.#waiting.add(stream);
    else this.#waiting.delete(stream);
  }

  flush(isBlocked: () => boolean): void {
    // Streams that were passed over since the last that sent.
    let idleCount = 0;
    while (this.#waiting.size > idleCount && !isBlocked()) {
      const [stream] = this.#waiting;
      if (stream === undefined) return;
      this.#waiting.delete(stream);
      const hasSent = stream.canSendHead && stream.sendFrame(this.limitOf(stream));
      if (stream.hasQueue) this.#waiting.add(stream);
      idleCount = hasSent ? 0 : idleCount + 1;
      if (hasSent) stream.checkWatermark();
    }
  }
}
