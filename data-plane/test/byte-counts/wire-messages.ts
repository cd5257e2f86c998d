import {
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  frameContinuation,
  frameData,
  frameHeaders,
  framePriority,
  frameRstStream,
  frameWindowUpdate,
} from '../../src/codec/http2/protocol.ts';
import { buildFrame } from '../../src/codec/http2/testing/build-frame.ts';
import type { Answer, Exchange, Fields, Message } from './exchanges.ts';

function toLines(fields: Fields): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

export function toHttp1Request({ method, path, request }: Exchange): string {
  return `${method} ${path} HTTP/1.1\r\nhost: a.test\r\n${toHttp1Rest(request, false)}`;
}

export function toHttp1Answer(answer: Answer): string {
  const early = (answer.informational ?? []).map(
    ({ status, fields }) => `HTTP/1.1 ${status} Early Hints\r\n${toLines(fields)}\r\n`,
  );
  const hasLength = answer.status !== '204' && answer.status !== '304';
  return `${early.join('')}HTTP/1.1 ${answer.status} Reason\r\n${toHttp1Rest(answer, hasLength)}`;
}

function toHttp1Rest({ fields, body, trailers, isChunked }: Message, isLengthNeeded: boolean): string {
  const lines = toLines(fields);
  if (isChunked === true || trailers !== undefined) {
    const chunks = (body ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
    return `${lines}transfer-encoding: chunked\r\n\r\n${chunks}0\r\n${toLines(trailers ?? [])}\r\n`;
  }
  const content = body?.join('') ?? '';
  const hasLength = fields.some(([name]) => name === 'content-length');
  if ((body === undefined && !isLengthNeeded) || hasLength) return `${lines}\r\n`;
  return `${lines}content-length: ${content.length}\r\n\r\n${content}`;
}

export function toHttp2Request({ method, path, request }: Exchange): Buffer {
  const pseudo = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', path],
  ] as const;
  return toHttp2Message(1, pseudo, request);
}

const postHead: Fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/small'],
];
const four = Buffer.from([0, 0, 0, 1]);

/** Frames that an exchange cannot say. */
export const http2Requests: Readonly<Record<string, Buffer>> = {
  'a window that grows': Buffer.concat([
    toHeaders(1, postHead, false),
    buildFrame(frameWindowUpdate, 0, 1, four),
    buildFrame(frameWindowUpdate, 0, 1, four),
    buildFrame(frameData, flagEndStream, 1, 'ab'),
  ]),
  'a priority': Buffer.concat([
    toHeaders(1, postHead, false),
    buildFrame(framePriority, 0, 1, Buffer.from([0, 0, 0, 0, 9])),
    buildFrame(frameData, flagEndStream, 1, 'ab'),
  ]),
  padding: Buffer.concat([
    toHeaders(1, postHead, false),
    buildFrame(frameData, flagEndStream | flagPadded, 1, Buffer.from('\x03ab\0\0\0')),
  ]),
  'a head in two frames': Buffer.concat([
    buildFrame(frameHeaders, flagEndStream, 1, toBlock(postHead)),
    buildFrame(frameContinuation, flagEndHeaders, 1, toBlock([['x-a', 'one']])),
  ]),
  'an empty frame at the end': Buffer.concat([
    toHeaders(1, postHead, false),
    buildFrame(frameData, 0, 1, 'ab'),
    buildFrame(frameData, flagEndStream, 1, ''),
  ]),
};

export const halfRequest = Buffer.concat([toHeaders(1, postHead, false), buildFrame(frameData, 0, 1, 'ab')]);
export const reset = buildFrame(frameRstStream, 0, 1, Buffer.from([0, 0, 0, 8]));

export function toHttp2Answer(streamId: number, answer: Answer): Buffer {
  const early = (answer.informational ?? []).map(({ status, fields }) =>
    toHeaders(streamId, [[':status', status], ...fields], false),
  );
  return Buffer.concat([...early, toHttp2Message(streamId, [[':status', answer.status]], answer)]);
}

function toHttp2Message(streamId: number, pseudo: Fields, { fields, body = [], trailers }: Message): Buffer {
  const hasTrailers = trailers !== undefined;
  return Buffer.concat([
    toHeaders(streamId, [...pseudo, ...fields], body.length === 0 && !hasTrailers),
    ...body.map((part, at) => {
      const isLast = at === body.length - 1 && !hasTrailers;
      return buildFrame(frameData, isLast ? flagEndStream : 0, streamId, part);
    }),
    ...(hasTrailers ? [toHeaders(streamId, trailers, true)] : []),
  ]);
}

/** Literals without indexing (RFC 7541, 6.2.2): the same bytes on every connection. */
function toHeaders(streamId: number, fields: Fields, endStream: boolean): Buffer {
  return buildFrame(
    frameHeaders,
    flagEndHeaders | (endStream ? flagEndStream : 0),
    streamId,
    toBlock(fields),
  );
}

function toBlock(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
}
