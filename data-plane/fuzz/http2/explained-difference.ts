import type { DifferenceKind, Parting } from './compare-readings.ts';
import { emptySettings, preface } from './describe-parts.ts';
import type { SeenFrame } from './frame-wire.ts';
import { field, frame, type Part } from './part.ts';
import type { Http2Reading } from './reading.ts';

export interface Http2Difference extends Parting {
  readonly isRequest: boolean;
  /** Of the input, as far as they are frames. */
  readonly frames: readonly SeenFrame[];
  readonly ours: Http2Reading;
  readonly theirs: Http2Reading;
}

/** A row of the table in docs/http2.md. */
export interface ExplainedHttp2Difference {
  readonly name: string;
  readonly section: string;
  readonly why: string;
  readonly kinds: readonly DifferenceKind[];
  readonly example: readonly Part[];
  /** Of the example. */
  readonly isAnswer?: boolean;
  applies(difference: Http2Difference): boolean;
}

export type Row = Omit<ExplainedHttp2Difference, 'kinds' | 'applies'>;

/** What we refuse with words of its own. */
export function refusal(details: RegExp, row: Row): ExplainedHttp2Difference {
  return {
    ...row,
    kinds: ['stricter', 'only-we-refuse', 'other-error'],
    applies: ({ ours, streamId }) => details.test(detailOf(ours, streamId)),
  };
}

/** What nghttp2 ends the connection for, with words of its own, one of these. */
export function connectionError(theirDetail: string | readonly string[], row: Row): ExplainedHttp2Difference {
  return {
    ...row,
    kinds: ['only-they-refuse', 'other-error'],
    applies: ({ theirs, streamId }) => streamId === 0 && [theirDetail].flat().includes(theirs.detail),
  };
}

/** The same, where it is an error of a stream to us, with that code; unless we have done with the stream. */
export function streamError(theirDetail: string, ourCode: number, row: Row): ExplainedHttp2Difference {
  const base = connectionError(theirDetail, row);
  return {
    ...base,
    applies: (difference) => base.applies(difference) && hasRefused(difference.ours, ourCode),
  };
}

/** We gave up the connection, or some stream: for that code, or before. */
function hasRefused({ streams, goAwayCode }: Http2Reading, code: number): boolean {
  const isRefused = [...streams.values()].some(
    (stream) => stream.code === code || (stream.end !== 'complete' && stream.end !== 'open'),
  );
  return goAwayCode !== undefined || isRefused;
}

function detailOf({ streams, detail }: Http2Reading, streamId: number): string {
  return streamId === 0 ? detail : (streams.get(streamId)?.detail ?? '');
}

// What examples begin with.

export const get = [
  frame(1, 5, 1),
  field(':method', 'GET'),
  field(':scheme', 'http'),
  field(':path', '/'),
  field(':authority', 'a.test'),
];
export const post = [frame(1, 4, 1), field(':method', 'POST'), ...get.slice(2)];
export const connect = [frame(1, 5, 1), field(':method', 'CONNECT'), ...get.slice(2)];
export const start = [preface, emptySettings];
