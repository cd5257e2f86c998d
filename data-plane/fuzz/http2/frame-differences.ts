import {
  compressionError,
  flagAck,
  flowControlError,
  frameGoAway,
  framePing,
  framePriority,
  frameRstStream,
  frameSettings,
  frameSizeError,
  internalError,
  maxWindowBytes,
  noError,
  protocolError,
  streamClosed,
} from '../../src/codec/http2/protocol.ts';
import { emptySettings } from './describe-parts.ts';
import {
  connectionError,
  get,
  refusal,
  start,
  streamError,
  type ExplainedHttp2Difference,
} from './explained-difference.ts';
import type { SeenFrame } from './frame-wire.ts';
import { silence } from './nghttp2-session.ts';
import { field, frame, setting, uint32 } from './part.ts';
import type { Http2Reading } from './reading.ts';

/** Of frames, streams and the connection. */

const rfc7540PrioritiesErrors = [
  'SETTINGS: invalid SETTINGS_NO_RFC7540_PRIORITIES',
  'SETTINGS: SETTINGS_NO_RFC7540_PRIORITIES cannot be changed',
];

export const frameDifferences: readonly ExplainedHttp2Difference[] = [
  {
    name: 'a broken preface',
    section: '9113 3.4',
    why: 'PROTOCOL_ERROR; Node says INTERNAL_ERROR',
    kinds: ['other-error'],
    example: [{ kind: 'bytes', bytes: 'PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n' }],
    applies: ({ ours }) => ours.detail === 'bad connection preface',
  },
  {
    name: 'frames that are wrong in two ways',
    section: '9113 4.2, 6',
    why: 'PROTOCOL_ERROR or FRAME_SIZE_ERROR, whichever is looked for first',
    kinds: ['other-error'],
    example: [...start, frame(6, 0, 1, 'short')],
    applies: ({ ours, theirs }) => isFrameError(ours.goAwayCode) && isFrameError(theirs.goAwayCode),
  },
  {
    name: 'header blocks that are wrong in two ways',
    section: '9113 4.3',
    why: 'a block is judged when it is complete; nghttp2 judges frame, stream and fields as they come',
    kinds: ['other-error'],
    example: [...start, frame(1, 1, 1, '\x80')],
    applies: ({ ours, theirs }) =>
      blockErrors.includes(ours.goAwayCode ?? 0) && blockErrors.includes(theirs.goAwayCode ?? 0),
  },
  {
    name: 'CONTINUATION that is too long',
    section: '9113 4.2',
    why: 'FRAME_SIZE_ERROR; nghttp2 waits for its end',
    kinds: ['only-we-refuse'],
    example: [...start, frame(1, 1, 1), frame(9, 4, 1, '', { lengthChange: 16_385 })],
    applies: ({ ours, theirs }) => ours.goAwayCode === frameSizeError && theirs.detail === silence,
  },
  streamError('DATA: stream in half-closed(remote)', streamClosed, {
    name: 'DATA behind the end of a stream',
    section: '9113 5.1',
    why: 'an error of the stream; nghttp2 ends the connection',
    example: [...start, ...get, frame(0, 1, 1, 'a')],
  }),
  connectionError('SETTINGS: unexpected ACK', {
    name: 'an acknowledgement of no SETTINGS',
    section: '9113 6.5',
    why: 'no rule forbids it; nghttp2 ends the connection',
    example: [...start, frame(4, 1, 0), frame(4, 1, 0)],
  }),
  {
    name: 'an acknowledgement of no PING',
    section: '9113 6.7',
    why: 'no rule forbids it; Node ends the connection with INTERNAL_ERROR',
    kinds: ['only-they-refuse', 'other-error'],
    example: [...start, frame(6, 1, 0, 'pingping')],
    applies: ({ theirs, frames }) =>
      theirs.goAwayCode === internalError &&
      frames.some(({ type, flags }) => type === framePing && (flags & flagAck) !== 0),
  },
  connectionError('GOAWAY: invalid last_stream_id', {
    name: 'GOAWAY that names a stream which the other side cannot have opened',
    section: '9113 6.8',
    why: 'it says nothing of the streams that are open; nghttp2 ends the connection',
    example: [...start, frame(7, 0, 0, uint32(1) + uint32(0))],
  }),
  streamError('WINDOW_UPDATE: window_size_increment == 0', protocolError, {
    name: 'a window update of nothing',
    section: '9113 6.9',
    why: 'an error of the stream; nghttp2 ends the connection',
    example: [...start, ...get, frame(8, 0, 1, uint32(0))],
  }),
  streamError('WINDOW_UPDATE: window size overflow', flowControlError, {
    name: 'a window of a stream that is too large',
    section: '9113 6.9.1',
    why: 'an error of the stream; nghttp2 ends the connection',
    example: [...start, ...get, frame(8, 0, 1, uint32(maxWindowBytes))],
  }),
  connectionError(rfc7540PrioritiesErrors, {
    name: 'SETTINGS_NO_RFC7540_PRIORITIES that is neither 0 nor 1, or changes',
    section: '9218 2.1',
    why: 'a setting that we do not know is ignored; nghttp2 knows it',
    example: [...start, frame(4, 0, 0, setting(9, 2))],
  }),
  {
    name: 'HEADERS behind the end of a stream that we refused',
    section: '9113 5.4.2',
    why: 'what may have been on its way is ignored; nghttp2 had not refused it',
    kinds: ['only-they-refuse'],
    example: [...start, ...get, field('x-a', 'a\0'), ...get],
    applies: ({ ours, theirs, streamId }) =>
      streamId === 0 &&
      theirs.detail === 'HEADERS: stream closed' &&
      [...ours.streams].some(
        ([id, { end }]) => end === 'refused' && theirs.streams.get(id)?.end === 'complete',
      ),
  },
  {
    name: 'frames behind GOAWAY',
    section: '9113 6.8',
    why: 'it says which streams are served, and those go on; Node takes no new ones, ends, and may fall silent',
    kinds: ['looser', 'reset-differently', 'only-we-refuse', 'only-they-refuse', 'other-error'],
    example: [...start, frame(7, 0, 0, uint32(0) + uint32(0)), ...get],
    applies: ({ isRequest, kind, frames }) => {
      const goAways = frames.filter(({ type }) => type === frameGoAway);
      // Which streams an answering server gives up has to be the same, unless Node ends at an error code.
      return isRequest || kind !== 'reset-differently' ? goAways.length > 0 : goAways.some(hasErrorCode);
    },
  },
  {
    name: 'frames of streams that are closed, or were passed over',
    section: '9113 5.1, 5.1.1',
    why: 'STREAM_CLOSED, of the connection for HEADERS; nghttp2 ignores them',
    kinds: ['stricter', 'only-we-refuse', 'other-error'],
    example: [...start, ...get, frame(3, 0, 1, uint32(8)), frame(0, 1, 1, 'a')],
    applies: ({ ours, streamId }) => codeOf(ours, streamId) === streamClosed,
  },
  {
    name: 'RST_STREAM with NO_ERROR before the end of an answer',
    section: '9113 5.1, 8.1',
    why: 'what has no END_STREAM is not complete; Node takes it for the end',
    kinds: ['stricter'],
    example: [emptySettings, frame(1, 4, 1), field(':status', '200'), frame(3, 0, 1, uint32(0))],
    isAnswer: true,
    applies: ({ ours, frames, streamId }) =>
      ours.streams.get(streamId)?.end === 'reset' &&
      frames.some((seen) => isResetWithoutError(seen) && seen.streamId % 2 ** 31 === streamId),
  },
  refusal(/^a stream that depends on itself$/, {
    name: 'a stream that depends on itself',
    section: '7540 5.3.1',
    why: 'as RFC 7540 asks; RFC 9113 and nghttp2 know no priorities',
    example: [...start, ...get, frame(2, 0, 1, uint32(1) + '\0')],
  }),
  {
    name: 'PRIORITY of another length',
    section: '9113 6.3',
    why: 'an error of the stream, if it is open; nghttp2 ends the connection',
    kinds: ['only-they-refuse', 'other-error'],
    example: [...start, ...get, frame(2, 0, 1, 'abc')],
    applies: ({ theirs, frames }) =>
      theirs.goAwayCode === frameSizeError &&
      frames.some(({ type, payload }) => type === framePriority && payload.length !== 5),
  },
  {
    name: 'PRIORITY of no stream',
    section: '9113 6.3',
    why: 'an error of the connection; nghttp2 ignores the frame',
    kinds: ['only-we-refuse'],
    example: [...start, frame(2, 0, 0, uint32(0) + '\0')],
    applies: ({ ours, frames }) =>
      ours.detail === 'a frame on a stream that its type cannot have' &&
      frames.some(({ type, streamId }) => type === framePriority && streamId % 2 ** 31 === 0),
  },
  refusal(/^(more padding than payload|padded without a pad length)$/, {
    name: 'padding of DATA that nobody reads',
    section: '9113 6.1',
    why: 'an error of the connection, whatever the stream; nghttp2 skips the frame',
    example: [...start, ...get, frame(3, 0, 1, uint32(8)), frame(0, 8, 1, '\x05')],
  }),
  {
    name: 'SETTINGS_ENABLE_CONNECT_PROTOCOL that is withdrawn in one frame',
    section: '8441 3',
    why: 'once 1, never 0 again; nghttp2 looks at the last value only',
    kinds: ['only-we-refuse', 'other-error'],
    example: [...start, frame(4, 0, 0, setting(8, 1) + setting(8, 0))],
    applies: ({ ours, frames }) =>
      ours.detail === 'a setting that cannot be' && frames.some(withdrawsConnect),
  },
  connectionError('SETTINGS: too many setting entries', {
    name: 'more than 32 settings in a frame',
    section: '9113 6.5',
    why: 'nghttp2 has a bound of its own',
    example: [...start, frame(4, 0, 0, setting(9, 1).repeat(33))],
  }),
  {
    name: 'extensions that nghttp2 knows',
    section: '9113 5.5; 7838 4',
    why: 'frames that we do not know are ignored, whatever is in them; nghttp2 knows ALTSVC',
    kinds: ['only-they-refuse', 'other-error'],
    example: [emptySettings, frame(10, 0, 1)],
    isAnswer: true,
    applies: ({ isRequest, theirs, frames }) =>
      !isRequest &&
      [frameSizeError, internalError].includes(theirs.goAwayCode ?? 0) &&
      frames.some(({ type }) => type === 10),
  },
  {
    name: 'frames behind an answer that came before the end of its request',
    section: '9113 5.4.2, 8.1',
    why: 'the request was given up with it, and what follows is ignored; Node goes on with the request',
    kinds: ['only-they-refuse', 'other-error'],
    example: [emptySettings, frame(1, 5, 7), field(':status', '200'), frame(1, 5, 7), field('x-a', 'b')],
    isAnswer: true,
    applies: ({ isRequest, theirs, ours }) =>
      !isRequest &&
      (theirs.goAwayCode === streamClosed || theirs.detail.startsWith('WINDOW_UPDATE: ')) &&
      ours.streams.get(7)?.end === 'complete',
  },
  {
    name: 'PUSH_PROMISE before our SETTINGS are acknowledged',
    section: '9113 6.6',
    why: 'who promises an answer has seen the request, and our SETTINGS before it; nghttp2 resets what is promised',
    kinds: ['only-we-refuse', 'other-error'],
    example: [emptySettings, frame(5, 4, 1, uint32(2)), ...get.slice(1)],
    isAnswer: true,
    applies: ({ ours }) => ours.detail === 'PUSH_PROMISE, which is off',
  },
];

/** Of frames, of streams, of HPACK. */
const blockErrors: readonly number[] = [protocolError, streamClosed, frameSizeError, compressionError];

function withdrawsConnect({ type, payload }: SeenFrame): boolean {
  const withdrawal = Buffer.from(setting(8, 1) + setting(8, 0), 'latin1');
  return type === frameSettings && payload.includes(withdrawal);
}

function hasErrorCode({ payload }: SeenFrame): boolean {
  return payload.length >= 8 && payload.readUInt32BE(4) !== noError;
}

function isResetWithoutError({ type, payload }: SeenFrame): boolean {
  return type === frameRstStream && payload.length === 4 && payload.readUInt32BE(0) === noError;
}

function isFrameError(code: number | undefined): boolean {
  return code === protocolError || code === frameSizeError;
}

function codeOf({ streams, goAwayCode }: Http2Reading, streamId: number): number | undefined {
  return streamId === 0 ? goAwayCode : streams.get(streamId)?.code;
}
