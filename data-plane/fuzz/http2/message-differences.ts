import { internalError, protocolError } from '../../src/codec/http2/protocol.ts';
import { emptySettings } from './describe-parts.ts';
import {
  connect,
  get,
  post,
  refusal,
  start,
  streamError,
  type ExplainedHttp2Difference,
} from './explained-difference.ts';
import { field, frame } from './part.ts';
import type { Http2Reading } from './reading.ts';

/** Of requests and answers. */
export const messageDifferences: readonly ExplainedHttp2Difference[] = [
  {
    name: 'content that is longer than content-length',
    section: '9113 8.1.1',
    why: 'an error of the stream; Node ends the connection with INTERNAL_ERROR',
    kinds: ['only-they-refuse', 'other-error'],
    example: [...start, ...post, field('content-length', '1'), frame(0, 1, 1, 'ab')],
    applies: ({ ours, theirs }) =>
      theirs.goAwayCode === internalError &&
      (ours.goAwayCode !== undefined ||
        [...ours.streams.values()].some(({ code }) => code === protocolError)),
  },
  refusal(/^(a field name that is none|bytes in [^:].* that no field has)$/, {
    name: 'fields with names and values that no field has',
    section: '9113 8.2.1',
    why: 'a malformed message; nghttp2 drops the field and delivers the rest',
    example: [...start, ...get, field('x-a', 'a\0')],
  }),
  {
    name: 'header lists that are too large',
    section: '9113 10.5.1; 6585 5',
    why: '431, and the request is given up without an error; nghttp2 judges the fields one by one',
    kinds: ['only-they-refuse', 'stricter'],
    example: [...start, ...get, ...Array.from({ length: 100 }, () => field('', ''))],
    applies: ({ ours, streamId }) => ours.streams.get(streamId)?.detail === 'answered without a request',
  },
  refusal(/^the field (host|content-length) in trailers$/, {
    name: 'framing and routing fields in trailers',
    section: '9110 6.5.1',
    why: 'an attempt at being read in two ways; nghttp2 delivers them',
    example: [...start, ...post, frame(1, 5, 1), field('host', 'b')],
  }),
  refusal(/^a :protocol that is none$/, {
    name: 'a :protocol that is none, or several',
    section: '8441 4; 9110 7.8',
    why: 'malformed, since it becomes Upgrade; nghttp2 takes any value',
    example: [...start, ...connect, field(':protocol', 'a, b')],
  }),
  refusal(/^the :method of the preface$/, {
    name: 'the :method PRI',
    section: '9113 3.4',
    why: 'kept for the preface; nghttp2 takes any method',
    example: [
      ...start,
      frame(1, 5, 1),
      field(':method', 'PRI'),
      field(':scheme', 'http'),
      field(':path', '/'),
      field(':authority', 'a.test'),
    ],
  }),
  refusal(/^(a host beside :authority|a second host)$/, {
    name: 'several hosts, or one that is not :authority',
    section: '9113 8.3.1',
    why: 'a request has one host; nghttp2 leaves it to its caller',
    example: [...start, ...get, field('host', 'b.test')],
  }),
  refusal(/^(an :authority that is none|a CONNECT to nowhere)$/, {
    name: 'an :authority that is no host, or that has no port where CONNECT needs one',
    section: '9110 7.2; 9113 8.5',
    why: 'malformed; nghttp2 looks at the bytes only',
    example: [...start, ...get.slice(0, 4), field(':authority', 'a:x')],
  }),
  refusal(/^a :path that is none$/, {
    name: 'a :path that is no target',
    section: '9113 8.3.1',
    why: 'malformed; nghttp2 takes fragments and bytes that no target has',
    example: [...start, ...get.slice(0, 3), field(':path', '/#f'), ...get.slice(4)],
  }),
  streamError('DATA: stream not opened', protocolError, {
    name: 'DATA before the head of an answer',
    section: '9113 8.1',
    why: 'a malformed message; nghttp2 ends the connection',
    example: [emptySettings, frame(0, 1, 1, 'a')],
    isAnswer: true,
  }),
  refusal(/^DATA before a head$/, {
    name: 'DATA without content between a 1xx and the answer',
    section: '9113 8.1',
    why: 'only HEADERS may stand there; nghttp2 looks at content only',
    example: [
      emptySettings,
      ...[frame(1, 4, 1), field(':status', '103'), frame(0, 0, 1)],
      ...[frame(1, 5, 1), field(':status', '200')],
    ],
    isAnswer: true,
  }),
  refusal(/^a :status that is none$/, {
    name: 'a :status out of range',
    section: '9110 15',
    why: 'malformed; nghttp2 takes any three digits',
    example: [emptySettings, frame(1, 5, 1), field(':status', '600')],
    isAnswer: true,
  }),
  {
    name: 'content-length of CONNECT',
    section: '9110 9.3.6',
    why: 'it has no content, and what follows is the tunnel; nghttp2 counts it',
    kinds: ['looser', 'only-they-refuse', 'other-error'],
    example: [...start, ...connect, field(':protocol', 'a'), field('content-length', '5')],
    applies: ({ isRequest, ours, theirs, streamId }) => {
      const ids = theirs.goAwayCode === internalError ? [...ours.streams.keys()] : [streamId];
      return isRequest && ids.some((id) => hasLengthOfTunnel(ours, id));
    },
  },
  {
    name: 'content-length where there is no content',
    section: '9110 8.6; 9113 8.1.1',
    why: '1xx and 204 end with their head, whatever it says; nghttp2 refuses them, or drops a length of 0',
    kinds: ['looser', 'read-differently', 'only-they-refuse'],
    example: [emptySettings, frame(1, 5, 1), field(':status', '204'), field('content-length', '5')],
    isAnswer: true,
    applies: ({ isRequest, ours, streamId }) => !isRequest && hasLengthOfNothing(ours, streamId),
  },
];

function hasLengthOfTunnel({ streams }: Http2Reading, streamId: number): boolean {
  const { head = [] } = streams.get(streamId) ?? {};
  return head.includes(':method: CONNECT') && head.some((line) => line.startsWith('content-length: '));
}

/** A 1xx or a 204 that says how long it is. */
function hasLengthOfNothing({ streams }: Http2Reading, streamId: number): boolean {
  const { head = [], informational = [] } = streams.get(streamId) ?? {};
  const bodiless = head.includes(':status: 204') ? [...informational, head.join()] : informational;
  return bodiless.some((text) => text.includes('content-length: '));
}
