import type { Http2Options } from './options.ts';

/** A bound that a peer went over: its counter, and the debug text of GOAWAY. */
export type Flood =
  | 'inbound_empty_frames_flood'
  | 'inbound_priority_frames_flood'
  | 'inbound_window_update_frames_flood'
  | 'outbound_control_flood'
  | 'outbound_flood'
  | 'premature_resets';

/**
 * Counts what costs a peer nothing and us something. Bounds and formulas are Envoy's: frames are held against the
 * streams that were opened and the DATA that was sent, so that a busy connection is not an attack.
 */
export class FloodGuard {
  readonly #options: Http2Options;
  openedStreamCount = 0;
  /** Of those that somebody was told of. */
  endedStreamCount = 0;
  sentDataFrameCount = 0;
  #priorityFrames = 0;
  #windowUpdates = 0;
  #emptyFrames = 0;
  #prematureResets = 0;

  constructor(options: Http2Options) {
    this.#options = options;
  }

  onPriority(): Flood | undefined {
    const limit = this.#options.maxPriorityFramesPerStream * (1 + this.openedStreamCount);
    return ++this.#priorityFrames > limit ? 'inbound_priority_frames_flood' : undefined;
  }

  onWindowUpdate(): Flood | undefined {
    const { maxWindowUpdatesPerDataFrame } = this.#options;
    const limit = 5 + 2 * (this.openedStreamCount + maxWindowUpdatesPerDataFrame * this.sentDataFrameCount);
    return ++this.#windowUpdates > limit ? 'inbound_window_update_frames_flood' : undefined;
  }

  /** DATA, HEADERS or CONTINUATION. `isEmpty`: without content (padding is none), and ending nothing. */
  onContentFrame(isEmpty: boolean): Flood | undefined {
    if (!isEmpty) {
      this.#emptyFrames = 0;
      return undefined;
    }
    return ++this.#emptyFrames > this.#options.maxConsecutiveEmptyFrames
      ? 'inbound_empty_frames_flood'
      : undefined;
  }

  /**
   * A young stream ended that was not answered yet: the client reset it (CVE-2023-44487), or made us reset it by breaking
   * a rule (CVE-2025-8671). Half of all are too many, and as soon as the rest could not make up for them any more.
   */
  onPrematureReset(): Flood | undefined {
    const leastCount = Math.max(this.endedStreamCount, this.#options.prematureResetTotalStreamCount);
    return ++this.#prematureResets * 2 >= leastCount ? 'premature_resets' : undefined;
  }
}
