import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import type { Fields } from '../../src/codec/http2/testing/scripted-peer.ts';
import { startSubjects } from './subjects.ts';

const envoy = usePeer('envoy');

/** Fields of HTTP/2 or bytes of HTTP/1.1; what comes of them here, and in Envoy where that is something else. */
type Case = readonly [send: Fields | string, ours: string, theirs?: string];

function head(method: string, scheme = 'http'): Fields {
  return [
    [':method', method],
    [':scheme', scheme],
    [':path', '/h1'],
  ];
}

const toHttp1 = (host: string): string => `200 | GET /h1 HTTP/1.1 | host: ${host}`;

/** `:scheme`, `:authority`, every `host`, and what comes of it. */
const hosts: readonly (readonly [string, string | undefined, readonly string[], string, string?])[] = [
  // What names the same for the scheme (RFC 3986, 6.2.3).
  ['http', 'a', ['a'], toHttp1('a')],
  ['http', 'a', ['A'], toHttp1('a')],
  ['http', 'a', ['a:80'], toHttp1('a')],
  ['http', 'a:80', ['a'], toHttp1('a:80')],
  ['http', 'a', ['a:'], toHttp1('a')],
  ['http', '[::1]', ['[::1]:80'], toHttp1('[::1]')],
  ['https', 'a', ['a:443'], toHttp1('a')],
  ['https', 'a:443', ['A'], toHttp1('a:443')],
  // What does not is malformed (RFC 9113, 8.3.1); Envoy drops the field.
  ['http', 'a', ['b'], 'refused', toHttp1('a')],
  ['http', 'a', ['a:443'], 'refused', toHttp1('a')],
  ['https', 'a', ['a:80'], 'refused', toHttp1('a')],
  ['http', 'a', ['a:8080'], 'refused', toHttp1('a')],
  ['http', 'a', ['a:x'], 'refused', toHttp1('a')],
  ['http', '[::1]', ['[::2]'], 'refused', toHttp1('[::1]')],
  // Several, or none, or none that is one.
  ['http', 'a', ['a', 'a'], 'refused'],
  ['http', undefined, ['a', 'a'], 'refused'],
  ['http', undefined, ['a', 'b'], 'refused'],
  ['http', undefined, ['a'], toHttp1('a')],
  ['http', undefined, ['a:80'], toHttp1('a:80')],
  ['http', undefined, [], 'refused'],
  ['http', undefined, [''], 'refused'],
  ['http', '', ['a'], 'refused'],
  ['http', 'a', [''], 'refused'],
  ['http', 'u@a', [], 'refused'],
  ['http', undefined, ['u@a'], 'refused'],
  ['http', 'a b', [], 'refused'],
  ['http', 'a/b', [], 'refused'],
  ['http', 'a:x', [], 'refused', toHttp1('a:x')],
  ['http', '::1', [], 'refused', toHttp1('::1')],
  ['http', ':80', [], 'refused', toHttp1(':80')],
];

const ofHosts = hosts.map(([scheme, authority, named, ...results]): Case => {
  const send: Fields = [
    ...head('GET', scheme),
    ...(authority === undefined ? [] : [[':authority', authority] as const]),
    ...named.map((host) => ['host', host] as const),
  ];
  return [send, ...results];
});

function connect(...fields: Fields): Fields {
  return [[':method', 'CONNECT'], ...fields];
}

const tunnel = '200 | CONNECT a:80 HTTP/1.1 | host: a:80';
const authority = [':authority', 'a'] as const;
const atPort80 = [':authority', 'a:80'] as const;

const others: readonly Case[] = [
  [[['host', 'a'], ...head('GET'), authority], 'refused'],
  [[...head('GET'), authority, authority], 'refused'],
  // CONNECT has no scheme that a port would follow from.
  [connect(atPort80), tunnel],
  [connect(atPort80, ['host', 'A:80']), tunnel],
  [connect(atPort80, ['host', 'a']), 'refused', tunnel],
  [connect(atPort80, ['host', 'b:80']), 'refused', tunnel],
  [connect(['host', 'a:80']), 'refused'],
  // Kept for the preface (RFC 9113, 3.4); Envoy passes it on.
  [[...head('PRI'), authority], 'refused', '200 | PRI /h1 HTTP/1.1 | host: a'],
  [[...head('PRIM'), authority], '200 | PRIM /h1 HTTP/1.1 | host: a'],
  ['PRI /h1 HTTP/1.1\r\nhost: a\r\n\r\n', '400'],
  ['PRI * HTTP/1.1\r\nhost: a\r\n\r\n', '400'],
  // Envoy takes it for HTTP/2, and is silent.
  ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', '400', 'refused'],
];

function upgrade(path: string, value: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: ${value}\r\n\r\n`;
}

const switched = (value: string): string =>
  `101 | GET /h1 HTTP/1.1 | connection: upgrade | host: a | upgrade: ${value}`;
const extended = (value: string, status = '101'): string =>
  `${status} | :authority: a | :method: CONNECT | :path: /h2 | :protocol: ${value} | :scheme: http`;

const upgrades: readonly Case[] = [
  [upgrade('/h1', 'WebSocket'), switched('WebSocket')],
  // The registry's spelling is what HTTP/2 servers compare with.
  [upgrade('/h2', 'WebSocket'), extended('websocket'), extended('WebSocket')],
  // h2c alone is passed over; a list is one wish.
  [upgrade('/h1', 'h2c'), '200 | GET /h1 HTTP/1.1 | host: a'],
  [upgrade('/h2', 'H2C'), '200 | :authority: a | :method: GET | :path: /h2 | :scheme: http'],
  [upgrade('/h1', 'websocket, h2c'), '403'],
  [upgrade('/h2', 'websocket, h2c'), '403'],
  [upgrade('/h1', 'h2c,websocket'), '403'],
  [upgrade('/h1', 'websocket\r\nupgrade: h2c'), '403'],
  [upgrade('/h2', 'websocket, other'), '403'],
  [upgrade('/h1', 'b, a'), '403'],
  // An empty list asks for nothing.
  [upgrade('/h1', ''), '200 | GET /h1 HTTP/1.1 | host: a', '403'],
  // One that the configuration names; `:protocol` has no room for it (RFC 8441, 4).
  [upgrade('/h1', 'A, b'), switched('A, b')],
  [upgrade('/h2', 'A, b'), '503', extended('A, b')],
  [
    connect([':protocol', 'a, b'], [':scheme', 'http'], [':path', '/h2'], authority),
    'refused',
    extended('a, b', '200'),
  ],
  [
    connect([':protocol', 'websocket'], [':scheme', 'http'], [':path', '/h2'], authority, ['host', 'a:80']),
    extended('websocket', '200'),
  ],
];

test(
  'hosts, methods and upgrades are read as by a real Envoy, or more strictly',
  { skip: envoy.skip },
  async (t) => {
    const { ours, theirs } = await startSubjects(t, envoy.path);
    for (const [send, expectedOfOurs, expectedOfTheirs = expectedOfOurs] of [
      ...ofHosts,
      ...others,
      ...upgrades,
    ]) {
      const name = JSON.stringify(send);
      assert.equal(await ours.send(send), expectedOfOurs, `${name}, here`);
      assert.equal(await theirs.send(send), expectedOfTheirs, `${name}, Envoy`);
    }
  },
);
