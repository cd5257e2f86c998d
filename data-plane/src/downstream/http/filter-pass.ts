import type { HeaderMap } from '../../codec/header-map.ts';
import { ownChunk } from '../../lang/own-chunk.ts';
import type { DataResult, HeadersStatus, TrailersStatus } from './http-filter.ts';

/** One direction of a filter chain, as `FilterPass` drives it. Indexes count in the direction of the message. */
export interface PassTarget {
  callHeaders(index: number, headers: HeaderMap, endStream: boolean): HeadersStatus;
  callData(index: number, chunk: Buffer, endStream: boolean): DataResult;
  callTrailers(index: number, trailers: HeaderMap): TrailersStatus;
  /** The message came through all filters. */
  passHeaders(headers: HeaderMap, endStream: boolean): void;
  passData(chunk: Buffer, endStream: boolean): void;
  passTrailers(trailers: HeaderMap): void;
  /** More was buffered than may be. The target answers and aborts. */
  onBufferOverflow(): void;
  /** A filter buffers with back pressure, and too much; later `false`. */
  onBackPressure(isAbove: boolean): void;
}

type IterationState = 'continue' | 'stopped' | 'stopped-all-and-buffer' | 'stopped-all-and-watermark';

interface PassFilter {
  state: IterationState;
  haveHeadersContinued: boolean;
  hasSeenEnd: boolean;
}

function createFilterState(): PassFilter {
  return { state: 'continue', haveHeadersContinued: false, hasSeenEnd: false };
}

/** Never added to. */
const noChunks: Buffer[] = [];

/**
 * Takes one message through one direction of a filter chain, with Envoy's meaning of every status. What filters hold
 * back is kept in one buffer for the direction; it reaches a filter as one chunk.
 */
export class FilterPass {
  readonly #target: PassTarget;
  readonly #filters: PassFilter[];
  #headers: HeaderMap | undefined;
  #trailers: HeaderMap | undefined;
  /** The last byte, or the trailers, came. */
  #isComplete = false;
  #isAborted = false;
  #buffer = noChunks;
  #bufferedBytes = 0;
  #hasBuffer = false;
  #isAboveLimit = false;
  /** The filter that sees the trailers now, or -1. */
  #trailersAt = -1;
  limitBytes: number;

  constructor(target: PassTarget, filterCount: number, limitBytes: number) {
    this.#target = target;
    this.limitBytes = limitBytes;
    // Of a chain of one filter V8 makes a list that has no room for more.
    this.#filters = [createFilterState()];
    for (let index = 1; index < filterCount; index++) this.#filters.push(createFilterState());
  }

  headers(headers: HeaderMap, endStream: boolean): void {
    this.#headers = headers;
    this.#isComplete = endStream;
    this.#runHeaders(0, headers, endStream);
  }

  data(chunk: Buffer, endStream: boolean): void {
    if (endStream) this.#isComplete = true;
    this.#runData(0, chunk, endStream);
  }

  trailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.#isComplete = true;
    this.#runTrailers(0, trailers);
  }

  /** Nothing more is passed on. */
  abort(): void {
    this.#isAborted = true;
    this.#buffer = noChunks;
    if (this.#isAboveLimit) this.#target.onBackPressure(false);
    this.#isAboveLimit = false;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** What is held back, as one chunk. */
  get buffered(): Buffer | undefined {
    if (!this.#hasBuffer) return undefined;
    if (this.#buffer.length !== 1) this.#buffer = [Buffer.concat(this.#buffer)];
    return this.#buffer[0];
  }

  /**
   * The filter at `index` adds to the body: before it passes the head on, while it holds the message, or in front of
   * the trailers.
   */
  addData(index: number, chunk: Buffer): void {
    if (index !== this.#trailersAt || this.#filters[index]?.state !== 'continue') {
      this.#hold(chunk, false);
      return;
    }
    // Filters behind this one that let go of what they held must not take the trailers with it: those follow.
    const trailers = this.#trailers;
    this.#trailers = undefined;
    this.#isComplete = false;
    this.#runData(index + 1, chunk, false);
    this.#trailers = trailers;
    this.#isComplete = true;
  }

  /** The filter at `index` lets go of what it stopped. */
  resume(index: number): void {
    const filter = this.#filters[index];
    const headers = this.#headers;
    if (filter === undefined || headers === undefined || this.#isAborted || filter.state === 'continue')
      return;
    const hadStoppedAll = filter.state !== 'stopped';
    filter.state = 'continue';
    if (!filter.haveHeadersContinued) {
      filter.haveHeadersContinued = true;
      this.#runHeaders(
        index + 1,
        headers,
        this.#isComplete && !this.#hasBuffer && this.#trailers === undefined,
      );
    }
    // A filter that stopped everything has not seen the body; one that stopped the head has.
    const from = hadStoppedAll ? index : index + 1;
    const trailers = this.#trailers;
    if (this.#hasBuffer && !this.#wasAborted()) {
      this.#runData(from, this.#takeBuffer(), this.#isComplete && trailers === undefined);
    }
    if (trailers !== undefined && !this.#wasAborted()) this.#runTrailers(from, trailers);
  }

  /** A call, because any filter that ran meanwhile may have set it. */
  #wasAborted(): boolean {
    return this.#isAborted;
  }

  #runHeaders(from: number, headers: HeaderMap, endsHere: boolean): void {
    let endStream = endsHere;
    let addedDataAt = -1;
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter === undefined) return;
      filter.hasSeenEnd = endStream && addedDataAt < 0;
      const status = this.#target.callHeaders(index, headers, filter.hasSeenEnd);
      if (this.#wasAborted()) return;
      switch (status) {
        case 'continue':
          filter.haveHeadersContinued = true;
          break;
        case 'continue-and-dont-end-stream':
          filter.haveHeadersContinued = true;
          endStream = false;
          break;
        case 'stop-iteration':
          filter.state = 'stopped';
          break;
        case 'stop-all-and-buffer':
          filter.state = 'stopped-all-and-buffer';
          break;
        case 'stop-all-and-watermark':
          filter.state = 'stopped-all-and-watermark';
          break;
      }
      if (filter.state !== 'continue') {
        this.#passAddedData(addedDataAt);
        return;
      }
      // A header-only message to which this filter added a body: later filters must not see the end yet.
      if (endStream && this.#hasBuffer && addedDataAt < 0) addedDataAt = index;
    }
    this.#target.passHeaders(headers, endStream && addedDataAt < 0);
    this.#passAddedData(addedDataAt);
  }

  #passAddedData(index: number): void {
    const filter = this.#filters[index];
    if (filter === undefined || this.#isAborted) return;
    filter.state = 'stopped';
    this.resume(index);
  }

  #runData(from: number, given: Buffer, endStream: boolean): void {
    let chunk = given;
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter === undefined || this.#isAborted) return;
      if (filter.state === 'stopped-all-and-buffer' || filter.state === 'stopped-all-and-watermark') {
        this.#hold(chunk, filter.state === 'stopped-all-and-watermark');
        return;
      }
      if (filter.hasSeenEnd) return;
      filter.hasSeenEnd = endStream && this.#trailers === undefined;
      const result = this.#target.callData(index, chunk, filter.hasSeenEnd);
      if (this.#wasAborted()) return;
      const status = typeof result === 'string' ? result : 'continue';
      if (typeof result !== 'string') chunk = result;
      if (status === 'continue') {
        if (filter.state === 'continue') continue;
        this.#hold(chunk, false);
        this.resume(index);
        return;
      }
      filter.state = 'stopped';
      if (status === 'stop-and-buffer' || status === 'stop-and-watermark') {
        this.#hold(chunk, status === 'stop-and-watermark');
      } else if (endStream && this.#trailers === undefined) {
        // The end itself waits, so that resuming passes it on.
        this.#hasBuffer = true;
      }
      return;
    }
    this.#target.passData(chunk, endStream);
  }

  #runTrailers(from: number, trailers: HeaderMap): void {
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter === undefined || this.#isAborted) return;
      if (filter.state === 'stopped-all-and-buffer' || filter.state === 'stopped-all-and-watermark') return;
      this.#trailersAt = index;
      const status = this.#target.callTrailers(index, trailers);
      this.#trailersAt = -1;
      filter.hasSeenEnd = true;
      if (this.#wasAborted()) return;
      if (status !== 'continue') {
        filter.state = 'stopped';
        return;
      }
      if (filter.state === 'continue') continue;
      this.resume(index);
      return;
    }
    this.#target.passTrailers(trailers);
  }

  #hold(chunk: Buffer, withBackPressure: boolean): void {
    this.#hasBuffer = true;
    if (this.#buffer === noChunks) this.#buffer = [];
    if (chunk.length > 0) this.#buffer.push(ownChunk(chunk));
    this.#bufferedBytes += chunk.length;
    if (this.limitBytes === 0 || this.#bufferedBytes <= this.limitBytes) return;
    if (!withBackPressure) {
      this.#target.onBufferOverflow();
    } else if (!this.#isAboveLimit) {
      this.#isAboveLimit = true;
      this.#target.onBackPressure(true);
    }
  }

  #takeBuffer(): Buffer {
    const chunk = this.buffered ?? noBytes;
    this.#buffer = noChunks;
    this.#bufferedBytes = 0;
    this.#hasBuffer = false;
    if (this.#isAboveLimit) {
      this.#isAboveLimit = false;
      this.#target.onBackPressure(false);
    }
    return chunk;
  }
}

const noBytes = Buffer.alloc(0);
