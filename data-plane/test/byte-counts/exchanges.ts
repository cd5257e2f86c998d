export type Fields = readonly (readonly [name: string, value: string])[];

export interface Message {
  readonly fields: Fields;
  /** As it is cut into frames or chunks; undefined: there is none. */
  readonly body?: readonly string[];
  /** In HTTP/1.1 they make the body chunked. */
  readonly trailers?: Fields;
  readonly isChunked?: boolean;
}

export interface Answer extends Message {
  readonly status: string;
  /** Heads before its own. */
  readonly informational?: readonly { readonly status: string; readonly fields: Fields }[];
}

/** A request, and what the upstream says to it: one answer for each attempt. */
export interface Exchange {
  readonly path: string;
  readonly method: string;
  readonly request: Message;
  readonly answers: readonly Answer[];
}

const plain: Message = { fields: [['x-a', 'one']] };
const large = Array.from({ length: 4 }, (_, at) => String(at).repeat(15_000));
const ok: Answer = { status: '200', fields: [['x-b', 'two']], body: ['hello'] };

function exchange(path: string, fields: Partial<Exchange> = {}): Exchange {
  return { path, method: 'GET', request: plain, answers: [ok], ...fields };
}

/** The path of each is its name; what stands below `/none` has no route, and what stands below `/retry` is tried twice. */
export const exchanges: readonly Exchange[] = [
  exchange('/small'),
  exchange('/no-fields', { request: { fields: [] }, answers: [{ status: '200', fields: [] }] }),
  exchange('/large', {
    method: 'POST',
    request: { ...plain, body: large },
    answers: [{ ...ok, body: large }],
  }),
  exchange('/chunked', {
    method: 'POST',
    request: { ...plain, body: ['one', 'second'], isChunked: true },
    answers: [{ ...ok, body: ['a', 'bc', 'def'], isChunked: true }],
  }),
  exchange('/trailers', {
    method: 'POST',
    request: { ...plain, body: ['one'], trailers: [['x-checksum', 'abc']] },
    answers: [
      {
        ...ok,
        body: ['one'],
        trailers: [
          ['x-sum', '12'],
          ['x-more', 'yes'],
        ],
      },
    ],
  }),
  exchange('/head', { method: 'HEAD', answers: [{ status: '200', fields: [['content-length', '7']] }] }),
  exchange('/no-content', { answers: [{ status: '204', fields: [['x-b', 'two']] }] }),
  exchange('/empty', { answers: [{ status: '204', fields: [] }] }),
  exchange('/cookies', {
    request: {
      fields: [
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
      ],
    },
  }),
  exchange('/not-modified', { answers: [{ status: '304', fields: [['etag', '"v"']] }] }),
  exchange('/hints', {
    answers: [
      {
        ...ok,
        informational: [
          { status: '103', fields: [['link', '</a.css>']] },
          { status: '103', fields: [['link', '</b.css>']] },
        ],
      },
    ],
  }),
  exchange('/retry', { answers: [{ status: '503', fields: [['x-b', 'busy']], body: ['not now'] }, ok] }),
  exchange('/retry-body', {
    method: 'POST',
    request: { ...plain, body: ['one', 'second'] },
    answers: [{ status: '503', fields: [] }, ok],
  }),
  exchange('/none', { answers: [] }),
  exchange('/none-body', { method: 'POST', request: { ...plain, body: ['one'] }, answers: [] }),
];

const get = 'GET /small HTTP/1.1\r\nhost: a.test\r\n';

/** Bytes of HTTP/1.1 that an exchange cannot say, and how many requests they are. */
export const http1Requests: Readonly<Record<string, readonly [bytes: string, requestCount: number]>> = {
  'white space': ['GET /small HTTP/1.1\r\nHost:a.test\r\nX-A:  \t spaced \t \r\n\r\n', 1],
  'no host': ['GET /small HTTP/1.1\r\nx-a: one\r\n\r\n', 1],
  'no request': ['GARBAGE\r\n\r\n', 1],
  'a bad field': [`${get}x b: two\r\n\r\n`, 1],
  pipelined: [`${get}\r\n${get}x-a: b\r\n\r\n`, 2],
  'pipelined bodies': [`${get}content-length: 2\r\n\r\nab`.repeat(3), 3],
  'pipelined local answers': [`${get.replace('small', 'none')}\r\n`.repeat(2), 2],
};

export const smallAnswer: Answer = ok;
