import type { Http2Options } from './options.ts';

/** A bound that a peer went over: its counter, and the debug text of GOAWAY. */
export type Flood =
  | 'inbound_empty_frames_flood'
  | 'inbound_priority_frames_flood'
  | 'inbound_window_update_frames_flood'
  | 'outbound_control_flood'
  | 'outbound_flood'
  | 'premature_resets';

/** So many streams that the client gave up early are no attack yet (CVE-2023-44487). */
const maxPrematureResets = 500;

/**
 * Counts what costs a peer nothing and us something. Bounds and formulas are Envoy's: frames are held against the
 * streams that were opened and the DATA that was sent, so that a busy connection is not an attack.
 */
export class FloodGuard {
  readonly #options: Http2Options;
  openedStreamCount = 0;
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
   * A stream ended that was not answered yet: the client reset it, or made us reset it by breaking a rule
   * (CVE-2025-8671).
   */
  onPrematureReset(): Flood | undefined {
    this.#prematureResets++;
    const isMost = this.#prematureResets * 2 > this.openedStreamCount;
    return isMost && this.#prematureResets > maxPrematureResets ? 'premature_resets' : undefined;
  }
}
