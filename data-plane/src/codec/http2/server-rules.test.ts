import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../header-map.ts';

import {
  flagEndHeaders,
  flagEndStream,
  frameData,
  frameGoAway,
  frameHeaders,
  frameRstStream,
} from './protocol.ts';
import { buildFrame } from './testing/build-frame.ts';
import { getRequest, postRequest, ScriptedClient, uint32, type Fields } from './testing/scripted-peer.ts';

const target = getRequest.slice(1);
const connectTo = (authority: string): Fields => [
  [':method', 'CONNECT'],
  [':authority', authority],
];

const goodRequests: readonly Fields[] = [
  getRequest,
  [...target, [':method', 'get']],
  [
    [':method', 'OPTIONS'],
    [':scheme', 'http'],
    [':path', '*'],
    [':authority', 'a.test'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/a?b'],
    ['host', 'a.test:80'],
  ],
  ...['A.test', 'a.test:80', 'a.test:'].map((host): Fields => [...getRequest, ['host', host]]),
  [...getRequest, ['te', 'trailers'], ['content-length', '0']],
  connectTo('a.test:443'),
];

const badRequests: readonly Fields[] = [
  target,
  [...target, [':method', 'G T']],
  [...target, [':method', 'PRI']],
  [...getRequest.slice(0, 3)],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
  ],
  [
    [':method', 'GET'],
    [':path', '/'],
    [':authority', 'a.test'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'h t'],
    [':path', '/'],
    [':authority', 'a.test'],
  ],
  ...['', 'a', '*', '/a b', '/a\r\nb', '/a#b', '/\xe9', 'http://a.test/'].map((path): Fields => [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a.test'],
  ]),
  ...['u@a.test', 'a.test:x', 'a/b', 'a b', '', ':80'].map((authority): Fields => [
    ...getRequest.slice(0, 3),
    [':authority', authority],
  ]),
  [...getRequest.slice(0, 3), ['host', '']],
  [...getRequest, [':status', '200']],
  [...getRequest, [':other', 'x']],
  [...getRequest, [':path', '/again']],
  [...getRequest.slice(0, 3), ['x-a', '1'], [':authority', 'a.test']],
  ...['b.test', 'a.test:443', 'a.test:8080'].map((host): Fields => [...getRequest, ['host', host]]),
  [...getRequest, ['host', 'a.test'], ['host', 'a.test']],
  ...['X-Upper', '', 'x a', 'x:a', 'x\r\na', 'x\0'].map((name): Fields => [...getRequest, [name, '1']]),
  ...[' a', 'a\t', 'a\r\nb: c', 'a\0', 'a\nb', 'a\x7f'].map((value): Fields => [
    ...getRequest,
    ['x-a', value],
  ]),
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name): Fields => [
    ...getRequest,
    [name, 'x'],
  ]),
  [...getRequest, ['te', 'gzip']],
  ...['x', '-1', '1,1', '+1', '1e1'].map((length): Fields => [...getRequest, ['content-length', length]]),
  [...getRequest, ['content-length', '0'], ['content-length', '0']],
  connectTo('a.test'),
  [...connectTo('a.test:443'), [':path', '/']],
  [...connectTo('a.test:443'), [':protocol', 'websocket']],
  [...getRequest, [':protocol', 'websocket']],
];

test('requests that are messages arrive', () => {
  for (const fields of goodRequests) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, fields));
    assert.deepEqual([client.requests.length, client.errors], [1, []], JSON.stringify(fields));
    assert.equal(client.requests[0]?.headers.get('host'), undefined);
  }
});

for (const isStreamErrorOnInvalidMessage of [false, true]) {
  test(`malformed requests never arrive, and end their ${isStreamErrorOnInvalidMessage ? 'stream' : 'connection'}`, () => {
    for (const fields of badRequests) {
      const client = new ScriptedClient({ isStreamErrorOnInvalidMessage });
      client.feed(client.headers(1, fields));
      const text = JSON.stringify(fields);
      assert.deepEqual(client.takeErrors(), [isStreamErrorOnInvalidMessage ? 'reset 1 1' : 'goaway 1'], text);
      assert.deepEqual([client.requests, client.ends], [[], []], text);
      assert.ok(client.counters.includes('rx_messaging_error'));
      client.feed(client.headers(3, getRequest));
      assert.equal(client.requests.length, isStreamErrorOnInvalidMessage ? 1 : 0, text);
    }
  });
}

test('content that is not what content-length says ends the message, and no other', () => {
  const rows: readonly (readonly [length: string, pieces: readonly string[]])[] = [
    ['5', ['four']],
    ['5', ['sixsix']],
    ['5', ['123', '456']],
    ['5', ['']],
  ];
  for (const [length, pieces] of rows) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, [...postRequest, ['content-length', length]], false));
    pieces.forEach((piece, index) => {
      client.frame(frameData, index === pieces.length - 1 ? flagEndStream : 0, 1, piece);
    });
    assert.deepEqual(client.takeErrors(), ['reset 1 1'], pieces.join());
    assert.equal(client.requests[0]?.isComplete, false);
    assert.match(client.requests[0].reset ?? '', /^protocol-error/);
  }
  const trailers = new ScriptedClient();
  trailers.feed(trailers.headers(1, [...postRequest, ['content-length', '5']], false));
  trailers.feed(buildFrame(frameData, 0, 1, 'four'), trailers.headers(1, [['x-sum', '1']]));
  assert.deepEqual(trailers.takeErrors(), ['reset 1 1']);
  trailers.feed(trailers.headers(3, [...postRequest, ['content-length', '5']]));
  assert.deepEqual(trailers.takeErrors(), ['reset 3 1']);
});

test('cookie crumbs are one field; a field that came never-indexed is marked', () => {
  const client = new ScriptedClient();
  client.feed(
    client.headers(1, [
      ...getRequest,
      ['cookie', 'a=1'],
      ['x-b', '2'],
      ['cookie', 'c=3'],
      ['authorization', 's'],
    ]),
  );
  const { headers } = client.requests[0]!;
  assert.deepEqual(headers.getAll('cookie'), ['a=1; c=3']);
  assert.deepEqual(headers.neverIndexed, new Set(['cookie', 'authorization']));
});

test('empty cookie crumbs leave no white space at an end of the field', () => {
  for (const [crumbs, cookie] of [
    [['a=1', ''], 'a=1'],
    [['', 'a=1', '', '', 'b=2', ''], 'a=1; b=2'],
    [['', ''], ''],
  ] as const) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, [...getRequest, ...crumbs.map((crumb) => ['cookie', crumb] as const)]));
    assert.deepEqual(client.requests[0]?.headers.getAll('cookie'), [cookie]);
  }
});

test('a host that came never-indexed is an :authority that is never indexed', () => {
  const client = new ScriptedClient();
  // A literal that is never indexed, static name 38.
  const host = Buffer.from('\x1f\x17\x06a.test', 'latin1');
  const block = Buffer.concat([client.block(getRequest.slice(0, 3)), host]);
  client.feed(buildFrame(frameHeaders, flagEndHeaders | flagEndStream, 1, block));
  const { headers } = client.requests[0]!;
  assert.equal(headers.get(':authority'), 'a.test');
  assert.equal(headers.neverIndexed?.has(':authority'), true);
});

test('a field that is marked as never-indexed goes out so, each time', () => {
  const client = new ScriptedClient();
  for (const id of [1, 3]) {
    client.feed(client.headers(id, getRequest));
    const answer = HeaderMap.of({ ':status': '200', 'x-secret': 'of somebody' });
    answer.neverIndexed = new Set(['x-secret']);
    client.requests.at(-1)?.encoder.encodeHeaders(answer, true);
    // Static 8, then a literal of a new name that is never indexed (RFC 7541, 6.2.3).
    assert.deepEqual([...(client.take()[0]?.payload.subarray(0, 2) ?? [])], [0x88, 0x10]);
  }
});

test('answers that have no content have no content-length', () => {
  const client = new ScriptedClient();
  const answer = (streamId: number, fields: Fields, status: string): void => {
    client.feed(client.headers(streamId, fields, false));
    const { encoder } = client.requests.at(-1)!;
    const head = HeaderMap.of({ ':status': status, 'content-length': '5', 'x-a': 'b' });
    if (status.startsWith('1')) encoder.encodeInformational(head);
    else encoder.encodeHeaders(head, false);
    assert.equal(head.get('content-length'), '5');
  };
  answer(1, postRequest, '103');
  answer(3, postRequest, '204');
  answer(5, connectTo('a.test:443'), '200');
  answer(7, postRequest, '304');
  const lengths = client.take().map((frame) => client.fieldsOf(frame)['content-length']);
  assert.deepEqual(lengths, [undefined, undefined, undefined, '5']);
});

test('trailers: what frames or routes is malformed, what cannot stand there is dropped', () => {
  const client = new ScriptedClient({ isStreamErrorOnInvalidMessage: true });
  client.feed(
    client.headers(1, postRequest, false),
    client.headers(1, [
      ['x-a', '1'],
      ['set-cookie', 'x=y'],
    ]),
  );
  assert.deepEqual([...(client.requests[0]?.trailers ?? [])], [['x-a', '1']]);
  const bad: readonly Fields[] = [
    [['content-length', '1']],
    [['host', 'b']],
    [[':path', '/']],
    [['upgrade', 'x']],
  ];
  bad.forEach((fields, index) => {
    const id = 3 + 2 * index;
    client.feed(client.headers(id, postRequest, false), client.headers(id, fields));
    assert.deepEqual(client.takeErrors(), [`reset ${id} 1`]);
  });
  client.feed(client.headers(21, postRequest, false), client.headers(21, [['x-a', '1']], false));
  assert.deepEqual(client.takeErrors(), ['reset 21 1'], 'a second head');
});

test('frames of a stream that we reset are dropped without a word', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, postRequest, false));
  client.requests[0]?.encoder.resetStream();
  // Not CANCEL, which a client takes for its own doing.
  assert.deepEqual(client.takeErrors(), ['reset 1 2']);
  client.frame(frameData, 0, 1, 'late');
  client.feed(client.headers(1, [['x-a', '1']]), buildFrame(frameRstStream, 0, 1, uint32(8)));
  assert.deepEqual([client.takeErrors(), client.errors], [[], []]);
  assert.deepEqual([client.requests[0]?.body, client.requests[0]?.reset], ['', undefined]);
});

test("a stream that both sides have reset is closed, whatever comes behind the client's reset", () => {
  for (const [frame, error] of [
    [(client: ScriptedClient) => client.frame(frameData, 0, 1, 'a'), 'reset 1 5'],
    [(client: ScriptedClient) => client.feed(client.headers(1, [['x-a', '1']])), 'goaway 5'],
  ] as const) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, postRequest, false));
    client.requests[0]?.encoder.resetStream();
    client.feed(buildFrame(frameRstStream, 0, 1, uint32(8)));
    assert.deepEqual(client.takeErrors(), ['reset 1 2']);
    frame(client);
    assert.deepEqual(client.takeErrors(), [error]);
  }
});

test('what a client resets has the details that Envoy gives it', () => {
  const client = new ScriptedClient();
  for (const [streamId, code] of [
    [1, 8],
    [3, 7],
  ] as const) {
    client.feed(client.headers(streamId, postRequest, false));
    client.frame(frameRstStream, 0, streamId, uint32(code));
  }
  const resets = client.requests.map(({ reset }) => reset);
  assert.deepEqual(resets, ['remote-reset: http2.remote_reset', 'remote-reset: http2.remote_refuse']);
});

test('a stream that its receiver resets in the middle of DATA hears nothing more of it', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, postRequest, false));
  const [request] = client.requests;
  const bytes = buildFrame(frameData, flagEndStream, 1, 'first second');
  client.feed(bytes.subarray(0, 14));
  request?.encoder.resetStream();
  client.feed(bytes.subarray(14));
  assert.equal(request?.body, 'first');
  assert.equal(request.endCount, 0);
});

test('padding is flow-controlled and given back, and is no content', () => {
  const client = new ScriptedClient({ initialStreamWindowBytes: 65_535 });
  client.feed(client.headers(1, postRequest, false));
  const padded = buildFrame(
    frameData,
    8,
    1,
    Buffer.concat([Buffer.from([200]), Buffer.from('x'), Buffer.alloc(200)]),
  );
  for (let round = 0; round < 1_000; round++) client.feed(padded);
  assert.equal(client.requests[0]?.body, 'x'.repeat(1_000));
  assert.deepEqual(client.errors, []);
});

test('draining: GOAWAY twice; streams above the last number are dropped, their frames too', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, postRequest, false));
  client.codec.drain();
  client.codec.drain();
  client.feed(client.headers(3, getRequest));
  client.codec.finishDrain?.();
  client.codec.finishDrain?.();
  const goAways = client.take().filter(({ type }) => type === frameGoAway);
  assert.deepEqual(
    goAways.map(({ payload }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)]),
    [
      [2 ** 31 - 1, 0],
      [3, 0],
    ],
  );
  client.feed(client.headers(5, postRequest, false), buildFrame(frameData, flagEndStream, 5, 'x'));
  client.feed(buildFrame(frameRstStream, 0, 5, uint32(8)));
  assert.equal(client.requests.length, 2);
  assert.deepEqual([client.takeErrors(), client.errors], [[], []]);
  client.requests[1]?.answer('204');
  client.requests[0]?.answer('200', 'x');
  assert.deepEqual(client.ends, [false, true]);
});

test('half-closed: a client that sent FIN gets the answers of what it asked completely', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, getRequest), client.headers(3, postRequest, false));
  client.codec.onEnd();
  assert.match(client.requests[1]?.reset ?? '', /^connection-termination/);
  client.requests[0]?.answer('200', 'late');
  assert.deepEqual(client.ends, [false, true]);
  assert.equal(client.take().at(-1)?.payload.toString(), 'late');
});
