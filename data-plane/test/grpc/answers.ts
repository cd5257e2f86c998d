import type { IncomingMessage, ServerResponse } from 'node:http';
import { frame } from '../../src/downstream/testing/filter-run.ts';

/** An answer: status, head, body, trailers. */
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly string[];
  readonly trailers?: Readonly<Record<string, string>>;
}

const grpc = { 'content-type': 'application/grpc' };
const connect = { 'content-type': 'application/connect+proto' };
const connectEnd = frame('{"metadata":{}}', 2);
const ok = { 'grpc-status': '0', 'grpc-message': '' };

const answers: Readonly<Record<string, Answer>> = {
  Unary: {
    headers: { ...grpc, 'x-upstream': '1' },
    body: [frame('hello')],
    trailers: { ...ok, 'x-trailer': 'a b' },
  },
  Fail: { headers: grpc, trailers: { 'grpc-status': '5', 'grpc-message': 'not%20found' } },
  TrailersOnly: { headers: { ...grpc, 'grpc-status': '14', 'grpc-message': 'away', 'content-length': '0' } },
  Last: { headers: { ...grpc, 'grpc-status': '0', 'content-length': '0' } },
  Html: { status: 404, headers: { 'content-type': 'text/html' }, body: ['<p>no %</p>', '\n'] },
  Plain: { headers: { 'content-type': 'text/plain' }, body: ['plain'] },
  Stream: {
    headers: { ...grpc, 'content-encoding': 'x' },
    body: [frame('a'), frame('bc') + frame('').slice(0, 3), frame('').slice(3) + frame('defghij', 1)],
    trailers: ok,
  },
  Big: {
    status: 503,
    headers: { 'content-type': 'text/plain' },
    body: ['b'.repeat(1_000), 'c'.repeat(1_000)],
  },
  Broken: {
    headers: grpc,
    body: [frame('whole'), frame('incomplete').slice(0, 9)],
    trailers: { 'grpc-status': 'x' },
  },
  NoType: { headers: {}, body: [frame('hello')], trailers: ok },
  Empty: { status: 404, headers: { 'content-length': '0' } },
  ConnectOk: {
    headers: connect,
    body: [
      frame('a') + frame('b').slice(0, 2),
      frame('b').slice(2),
      connectEnd.slice(0, 9),
      connectEnd.slice(9),
    ],
  },
  ConnectFail: { headers: connect, body: [frame('a'), frame('{"error":{"code":"internal"}}', 2)] },
  ConnectCut: { headers: connect, body: [frame('a')] },
  ConnectText: { headers: connect, body: [frame('no JSON', 2)] },
  ConnectList: { headers: connect, body: [frame('[]', 2), frame('more')] },
  Odd: {
    headers: { 'content-type': 'application/grpc-web; charset=x' },
    body: ['odd'],
    trailers: { 'grpc-status': '99' },
  },
};

/** Answers as the last part of the path says. */
export function answerRequest({ url }: IncomingMessage, response: ServerResponse): void {
  const method = /\/(\w+)\/*(?:\?.*)?$/.exec(url ?? '')?.[1] ?? '';
  const { status = 200, headers = {}, body = [], trailers } = answers[method] ?? { status: 500 };
  response.writeHead(status, headers);
  for (const piece of body) response.write(piece, 'latin1');
  if (trailers !== undefined) response.addTrailers(trailers);
  response.end();
}
