import type { FramePeer } from '../statistics/frame-peer.ts';

/** What one request comes to. */
export interface ResetCase {
  readonly name: string;
  /** What the client sends on its stream 1. */
  request(client: FramePeer, path: string): void;
  /** What the server does once it has the head. */
  answer?(server: FramePeer, streamId: number): void;
  /** What the client does once the server has the head. */
  then?(client: FramePeer): void;
  /** Other than the route of every request. */
  readonly path?: string;
}

const noError = 0;
const protocolError = 1;
const internalError = 2;
const refusedStream = 7;
const cancel = 8;

const get = (client: FramePeer, path: string): void => client.get(1, path);
const post = (client: FramePeer, path: string): void => client.post(1, path);
const begin = (server: FramePeer, streamId: number): void =>
  server.headers(streamId, [[':status', '200']], false);
const codes = { noError, protocolError, internalError, cancel };

/** The server breaks a stream off. */
const ofServers: readonly ResetCase[] = [
  ...Object.entries(codes).flatMap(([code, value]): ResetCase[] => [
    {
      name: `the server resets with ${code}`,
      request: get,
      answer: (server, id) => server.reset(id, value),
    },
    {
      name: `the server resets an answer with ${code}`,
      request: get,
      answer(server, id) {
        begin(server, id);
        server.reset(id, value);
      },
    },
  ]),
  {
    name: 'the server refuses a request whose content is under way',
    request: post,
    answer: (server, id) => server.reset(id, refusedStream),
  },
  { name: 'the server goes', request: post, answer: (server) => server.close() },
  {
    name: 'the server goes in the middle of its answer',
    request: get,
    answer(server, id) {
      begin(server, id);
      server.data(id, 'a');
      server.socket.end();
    },
  },
  {
    name: 'the server has a second head',
    request: get,
    answer(server, id) {
      begin(server, id);
      begin(server, id);
    },
  },
  {
    name: 'the server sends more than content-length',
    request: get,
    answer(server, id) {
      server.headers(
        id,
        [
          [':status', '200'],
          ['content-length', '1'],
        ],
        false,
      );
      server.data(id, 'abc', true);
    },
  },
  {
    name: 'the server opens a window by nothing',
    request: get,
    answer: (server, id) => server.frame(8, 0, id, Buffer.alloc(4)),
  },
  {
    name: 'nobody is there',
    request: get,
    path: '/nobody',
  },
  { name: 'the time of the route is over', request: get, path: '/timed' },
  {
    name: 'the time of the route is over in the middle of the answer',
    request: get,
    path: '/timed',
    answer: begin,
  },
];

/** The client does. */
const ofClients: readonly ResetCase[] = [
  ...Object.entries(codes).flatMap(([code, value]): ResetCase[] => [
    { name: `the client resets with ${code}`, request: get, then: (client) => client.reset(1, value) },
    {
      name: `the client resets in the middle of its content with ${code}`,
      request: post,
      then: (client) => client.reset(1, value),
    },
  ]),
  { name: 'the client refuses', request: get, then: (client) => client.reset(1, refusedStream) },
  { name: 'the client goes', request: get, then: (client) => client.close() },
  {
    name: 'the client opens a window by nothing',
    request: get,
    then: (client) => client.frame(8, 0, 1, Buffer.alloc(4)),
  },
  {
    name: 'the client has a second head',
    request: post,
    then: (client) => client.headers(1, [['x-a', 'b']], false),
  },
  {
    name: 'the client has fields in trailers that no trailer has',
    request: post,
    then: (client) => client.headers(1, [[':path', '/b']]),
  },
  {
    name: 'the client breaks the connection',
    request: get,
    then: (client) => client.frame(0, 0, 0, 'a'),
  },
];

const shorts: [string, string][] = Array.from({ length: 120 }, (_, index) => [`x-${index}`, 'a']);

/** Messages with too many fields. */
const largeHeads: readonly ResetCase[] = [
  {
    name: 'the server has an answer with too many fields',
    request: get,
    answer: (server, id) => server.headers(id, [[':status', '200'], ...shorts]),
  },
  {
    name: 'the server has trailers with too many fields',
    request: get,
    answer(server, id) {
      begin(server, id);
      server.headers(id, shorts);
    },
  },
  {
    name: 'the client has trailers with too many fields',
    request: post,
    then: (client) => client.headers(1, shorts),
  },
];

export const resetCases: readonly ResetCase[] = [...ofServers, ...ofClients, ...largeHeads];
