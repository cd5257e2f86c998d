import type { Reading } from './reading.ts';

/**
 * - `stricter`: llhttp understood a message that we refused, or did not see as complete.
 * - `looser`: the other way round.
 * - `later`: llhttp refused what we still wait for the end of.
 * - `read-differently`: both understood a message, and not the same.
 */
export type DifferenceKind = 'stricter' | 'looser' | 'later' | 'read-differently';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly isRequest: boolean;
  readonly input: string;
  readonly ours: Reading;
  readonly theirs: Reading;
}

/** A row of the table in docs/http1.md. */
export interface ExplainedDifference {
  readonly name: string;
  readonly section: string;
  readonly why: string;
  readonly kinds: readonly DifferenceKind[];
  /** A short message that shows it. */
  readonly example: string;
  /** Of the example. */
  readonly isAnswer?: boolean;
  applies(difference: Difference): boolean;
}

/** What we refuse with details of its own. */
function refusal(details: string, row: Omit<ExplainedDifference, 'kinds' | 'applies'>): ExplainedDifference {
  return { ...row, kinds: ['stricter'], applies: ({ ours }) => ours.error === details };
}

function malformedWith(pattern: RegExp): (difference: Difference) => boolean {
  return ({ ours, input }) => ours.error === 'http1.codec_error' && pattern.test(input);
}

/** A value with a byte that no host has, with a colon that no port follows, or with brackets. */
const hasBadHost =
  /(^|\n)host:[ \t]*(?![ \t])([^\r\n]*([@ "<>/\\^`{|}?#\t\x7f-\xff]|%(?![0-9a-f]{2}))[^\r\n]*|[^\r\n[]*:[^\r\n]*[^0-9\r\n][^\r\n]*|\[[^\r\n]*|[^\r\n[]*\][^\r\n]*|[^\r\n]+\[[^\r\n]*)\r/i;
const rest = ' HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (fields: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

export const explainedDifferences: readonly ExplainedDifference[] = [
  refusal('http1.invalid_url', {
    name: 'an absolute target without a host or with user information, CONNECT without a port',
    section: '9110 4.2.1, 4.2.4, 9.3.6',
    why: '400; llhttp does not look into targets',
    example: `GET http:///x${rest}`,
  }),
  refusal('http1.invalid_scheme', {
    name: 'targets of other schemes',
    section: '9110 4.2',
    why: 'http and https are what is served here; llhttp does not look into targets',
    example: `GET ftp://a/${rest}`,
  }),
  refusal('path_normalization_failed', {
    name: 'a fragment in a target',
    section: '9112 3.2.1',
    why: 'it is no part of a target; llhttp takes it',
    example: `GET /#f${rest}`,
  }),
  refusal('missing_host_header', {
    name: 'no Host',
    section: '9112 3.2',
    why: '400; it is left to the caller of llhttp',
    example: 'GET / HTTP/1.1\r\n\r\n',
  }),
  refusal('low_version', {
    name: 'HTTP/0.9 with a version',
    section: '9110 2.5',
    why: '426; llhttp reads it as 1.0',
    example: 'GET / HTTP/0.9\r\nHost: a\r\n\r\n',
  }),
  refusal('http1.invalid_transfer_encoding', {
    name: 'transfer codings besides chunked',
    section: '9112 6.1, 7',
    why: '501, or 502 of an answer; llhttp passes the coded body on',
    example: `${post('Transfer-Encoding: gzip, chunked\r\n')}0\r\n\r\n`,
  }),
  refusal('http1.transfer_encoding_not_allowed', {
    name: 'Transfer-Encoding in HTTP/1.0',
    section: '9112 6.1',
    why: 'faulty framing; llhttp decodes it',
    example: 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  }),
  refusal('http1.connection_header_rejected', {
    name: 'Connection that names Host or framing',
    section: '9110 7.6.1',
    why: 'nobody may have those removed; it is left to the caller of llhttp',
    example: post('Content-Length: 0\r\nConnection: content-length\r\n'),
  }),
  refusal('http1.body_disallowed', {
    name: 'CONNECT with a body',
    section: '9110 9.3.6',
    why: 'CONNECT has no content; llhttp takes what follows for the tunnel',
    example: 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n',
  }),
  refusal('http1.unexpected_switching_protocols', {
    name: '101 that nobody asked for',
    section: '9110 7.8',
    why: '502; it is left to the caller of llhttp',
    example: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    isAnswer: true,
  }),
  {
    name: 'other versions',
    section: '9110 2.5, 15.6.6',
    why: 'llhttp reads HTTP/2.0 over this framing, and answers of HTTP/0.9; we answer 505 and 502',
    kinds: ['stricter'],
    example: 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
    applies: ({ ours, input, isRequest }) =>
      ours.error === 'http1.codec_error' && (isRequest ? /HTTP\/2\.0/ : /^HTTP\/(2\.0|0\.9) /).test(input),
  },
  {
    name: 'requests without a version',
    section: '9112 2.3, 3',
    why: 'HTTP/0.9 is no message of this grammar: 400 or 426',
    kinds: ['stricter'],
    example: 'GET /\nHost: a\r\n\r\n',
    applies: ({ ours, isRequest, input }) =>
      isRequest && ours.error === 'http1.codec_error' && /[A-Z]+ +[^ \r\n]+ *\r?\n/.test(input),
  },
  {
    name: 'several Hosts, or a malformed one',
    section: '9112 3.2',
    why: '400; llhttp does not look at Host',
    kinds: ['stricter'],
    example: 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n',
    applies: ({ ours, isRequest, input }) =>
      isRequest &&
      ours.error === 'http1.codec_error' &&
      (hasBadHost.test(input) || /\nhost:[^\n]*\n([^\n]+\n)*?host:/i.test(input)),
  },
  {
    name: 'methods that Envoy does not know',
    section: '9110 9.1',
    why: 'as Envoy: M-SEARCH and what mutations make of the others are 400',
    kinds: ['stricter'],
    example: `M-SEARCH /${rest}`,
    applies: malformedWith(/M-SEARCH /),
  },
  {
    name: 'several spaces in a request line',
    section: '9112 3',
    why: 'one SP; llhttp skips further ones',
    kinds: ['stricter'],
    example: `GET  /${rest}`,
    applies: malformedWith(/(^|\n|hello)[A-Z]+ {2,}|[!-~] {2,}HTTP\//),
  },
  {
    name: 'the asterisk form belongs to OPTIONS',
    section: '9112 3.2.4',
    why: '400; llhttp takes it for a target of any method',
    kinds: ['stricter'],
    example: `GET *${rest}`,
    applies: malformedWith(/(?!OPTIONS)[A-Z]{3,} \* /),
  },
  {
    name: 'control characters in a reason phrase, status codes out of range',
    section: '9112 4; 9110 15',
    why: 'llhttp takes any byte and any three digits',
    kinds: ['stricter'],
    example: 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n',
    isAnswer: true,
    applies: ({ ours, isRequest, input }) =>
      !isRequest &&
      ours.error === 'http1.codec_error' &&
      (/^HTTP\/1\.\d (0|[6-9])/.test(input) ||
        /^HTTP\/1\.\d \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(input)),
  },
  {
    name: 'lengths of sixteen digits and more',
    section: '9110 8.6',
    why: 'no message is that long; llhttp counts up to 2^64',
    kinds: ['stricter'],
    example: 'HTTP/1.1 204 No Content\r\nContent-Length: 9999999999999999\r\n\r\n',
    isAnswer: true,
    applies: malformedWith(/\ncontent-length:[ \t]*\d{16}/i),
  },
  {
    name: 'framing fields in trailers',
    section: '9110 6.5.1',
    why: 'they MUST NOT be sent; llhttp refuses them in requests, not always in answers',
    kinds: ['stricter'],
    example: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n',
    isAnswer: true,
    applies: malformedWith(/\n0+[^\n]*\r\n([^\n]+\n)*?(transfer-encoding|content-length|host):/i),
  },
  {
    name: 'bare line ends before a message, and any before an answer',
    section: '9112 2.2',
    why: 'CRLF is skipped before requests; llhttp skips bare ones too, and before answers',
    kinds: ['stricter'],
    example: '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    isAnswer: true,
    applies: ({ ours, isRequest, input }) => {
      if (ours.error !== 'http1.codec_error') return false;
      if (!isRequest) return /^[\r\n]|\n\r?\n[\r\n]+HTTP\//.test(input);
      // A CR may be the last byte of a body.
      const isBehindBody = ours.messages.at(-1)?.body.endsWith('\r') === true;
      return (isBehindBody ? /\n[\r\n]*[A-Z]+ / : /(\r(?!\n)|(?<!\r)\n)[\r\n]*[A-Z]+ /).test(input);
    },
  },
  {
    name: 'chunk extensions are skipped, not parsed',
    section: '9112 7.1.1',
    why: 'unknown ones MUST be ignored, and none is handed on; white space before one MUST be read',
    kinds: ['looser'],
    example: `${post('Transfer-Encoding: chunked\r\n')}5 ;a\r\nhello\r\n0\r\n\r\n`,
    applies: ({ input, theirs }) =>
      ['HPE_STRICT', 'HPE_INVALID_CHUNK_SIZE', 'HPE_INVALID_CONSTANT'].includes(theirs.error) &&
      /\n[0-9a-f]+[ \t]*;/i.test(input),
  },
  {
    name: 'white space around a coding',
    section: '9110 5.5',
    why: 'SP and HTAB around a value are no part of it; llhttp allows no tab behind `chunked`',
    kinds: ['looser', 'stricter', 'read-differently'],
    example: `${post('Transfer-Encoding: chunked\t\r\n')}0\r\n\r\n`,
    applies: ({ input }) => /\ntransfer-encoding:[^\r\n]*chunked *\t[ \t]*\r\n/i.test(input),
  },
  {
    name: 'empty members of Transfer-Encoding',
    section: '9110 5.6.1.2',
    why: 'a list with empty members MUST be accepted; llhttp does not see that `chunked,` ends with chunked',
    kinds: ['looser', 'stricter', 'read-differently'],
    example: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n',
    isAnswer: true,
    applies: ({ input }) =>
      /\ntransfer-encoding:[ \t]*([^\r\n]*,)?[ \t]*chunked[ \t]*(,[ \t]*)+\r\n/i.test(input) ||
      (/\ntransfer-encoding:[ \t,]*\r\n/i.test(input) &&
        /\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i.test(input)),
  },
  {
    name: 'answers of a higher minor version',
    section: '9110 2.5',
    why: 'they are processed as 1.1; llhttp knows 1.0 and 1.1 only',
    kinds: ['looser'],
    example: 'HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n',
    isAnswer: true,
    applies: ({ isRequest, input, theirs }) =>
      !isRequest && theirs.error === 'HPE_INVALID_VERSION' && /^HTTP\/1\.[2-9] /.test(input),
  },
  {
    name: 'framing of answers that have no body',
    section: '9112 6.3',
    why: '1xx, 204 and 304 end with their head, whatever it says; the connection is not used again',
    kinds: ['looser'],
    example: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding:\r\n\r\n',
    isAnswer: true,
    applies: ({ isRequest, input }) => !isRequest && /^HTTP\/1\.\d (1\d\d|204|304)/.test(input),
  },
  {
    name: 'a line is judged when it is complete',
    section: '9112 2.2',
    why: 'we refuse it with its end, its size or the time-out; llhttp at the byte',
    kinds: ['later'],
    example: `GET /${rest}o`,
    applies: ({ ours }) => ours.error === '',
  },
];

/** The name of the entry that means this difference; undefined when none does. */
export function explain(difference: Difference): string | undefined {
  return explainedDifferences.find(
    (entry) => entry.kinds.includes(difference.kind) && entry.applies(difference),
  )?.name;
}
