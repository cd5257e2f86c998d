import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import type { RequestEncoder } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { firstWindowBytes } from './client-stream.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { RecordedRequest } from '../testing/recording-server.ts';
import { createPair, type Http2Pair, type PairOptions } from './testing/memory-pair.ts';

/** Both halves and what arrived; requests by path. */
class Streams {
  readonly pair: Http2Pair;
  readonly requests = new Map<string, RecordedRequest>();
  readonly errors: string[] = [];
  serverEnds = 0;
  clientEnds = 0;

  constructor(options: PairOptions = {}) {
    this.pair = createPair(
      {
        onNewStream: (encoder) => {
          const request = new RecordedRequest(encoder);
          const { decodeHeaders } = request;
          request.decodeHeaders = (headers, endStream) => {
            this.requests.set(headers.get(':path') ?? '', request);
            decodeHeaders.call(request, headers, endStream);
          };
          return request;
        },
        onStreamEnd: () => (this.serverEnds += 1),
        onProtocolError: (error) => void this.errors.push(`server ${error.details}`),
      },
      {
        onStreamEnd: () => (this.clientEnds += 1),
        onProtocolError: (error) => void this.errors.push(`client ${error.details}`),
        onGoAway: () => undefined,
      },
      options,
    );
  }

  begin(path: string, endStream = false): { encoder: RequestEncoder; response: RecordedResponse } {
    const response = new RecordedResponse();
    const encoder = this.pair.client.newStream(response);
    encoder.setCallbacks(response);
    const fields = { ':method': 'POST', ':path': path, ':authority': 'a.test', ':scheme': 'http' };
    encoder.encodeHeaders(HeaderMap.of(fields), endStream);
    return { encoder, response };
  }

  request(path: string): RecordedRequest {
    const request = this.requests.get(path);
    assert.ok(request !== undefined, path);
    return request;
  }
}

test('streams are answered in any order, and their bodies do not mix', () => {
  const streams = new Streams();
  const asked = Array.from({ length: 20 }, (_, index) => streams.begin(`/${index}`));
  for (let round = 0; round < 5; round++) {
    asked.forEach(({ encoder }, index) => encoder.encodeData(Buffer.from(`${index}.`), round === 4));
    streams.pair.deliver(17);
  }
  for (let index = 19; index >= 0; index--) {
    const request = streams.request(`/${index}`);
    assert.equal(request.body, `${index}.`.repeat(5));
    request.answer('200', `answer ${index}`);
  }
  streams.pair.deliver(13);
  asked.forEach(({ response }, index) => assert.equal(response.body, `answer ${index}`));
  assert.deepEqual([streams.clientEnds, streams.serverEnds, streams.errors], [20, 20, []]);
});

test('a small window of the connection is shared in turn', () => {
  const streams = new Streams({ client: { initialConnectionWindowBytes: 65_535 } });
  const asked = [0, 1, 2].map((index) => streams.begin(`/${index}`, true));
  streams.pair.deliver();
  for (let index = 0; index < 3; index++) {
    const { encoder } = streams.request(`/${index}`);
    encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
    encoder.encodeData(Buffer.alloc(200_000, `${index}`), true);
  }
  // Nothing is given back before the client has read; then whoever waited longest is next.
  const order: string[] = [];
  for (const [index, { response }] of asked.entries()) {
    const { decodeData } = response;
    response.decodeData = (chunk, endStream) => {
      if (endStream) order.push(`${index}`);
      decodeData.call(response, chunk, endStream);
    };
  }
  streams.pair.deliver();
  assert.deepEqual(
    asked.map(({ response }) => response.body.length),
    [200_000, 200_000, 200_000],
  );
  assert.equal(order.length, 3);
  assert.deepEqual(streams.errors, []);
});

test('a stream that is read no more holds up itself alone', () => {
  const streams = new Streams();
  const stalled = streams.begin('/stalled', true);
  const quick = streams.begin('/quick', true);
  stalled.encoder.readDisable(true);
  streams.pair.deliver();
  for (const path of ['/stalled', '/quick']) {
    const { encoder } = streams.request(path);
    encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
    encoder.encodeData(Buffer.alloc(3_000_000, 'x'), true);
  }
  streams.pair.deliver();
  assert.equal(quick.response.body.length, 3_000_000);
  // More nobody asked for.
  assert.equal(stalled.response.body.length, firstWindowBytes);
  stalled.encoder.readDisable(false);
  streams.pair.deliver();
  assert.equal(stalled.response.body.length, 3_000_000);
});

test('reading and giving up at random: every stream ends once, and nothing is left', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rng = createSeededRng(seed);
    const pick = (bound: number): number => randomInteger(rng, bound);
    const streams = new Streams({ bufferLimitBytes: 65_536 });
    const begun: { encoder: RequestEncoder; response: RecordedResponse }[] = [];
    for (let step = 0; step < 300; step++) {
      const action = pick(10);
      const some = begun[pick(begun.length + 1)];
      const request = [...streams.requests.values()][pick(streams.requests.size + 1)];
      if (action < 2) begun.push(streams.begin(`/${step}`, pick(2) === 0));
      else if (action === 2) some?.encoder.encodeData(Buffer.alloc(pick(50_000), 'r'), pick(3) === 0);
      else if (action === 3) some?.encoder.resetStream();
      else if (action === 4) some?.encoder.encodeTrailers(HeaderMap.of({ 'x-t': '1' }));
      else if (action === 5)
        request?.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), pick(3) === 0);
      else if (action === 6) request?.encoder.encodeData(Buffer.alloc(pick(50_000), 'a'), pick(3) === 0);
      else if (action === 7) request?.encoder.resetStream();
      else if (action === 8) streams.pair.deliver(1 + pick(3_000));
      else if (pick(2) === 0) streams.pair.server.onAboveWriteHighWatermark();
      else streams.pair.server.onBelowWriteLowWatermark();
    }
    streams.pair.server.onBelowWriteLowWatermark();
    streams.pair.deliver();
    streams.pair.breakConnection();
    const { client, server } = streams.pair;
    assert.deepEqual([streams.errors, client.activeStreamCount, server.activeStreamCount], [[], 0, 0]);
    assert.equal(streams.clientEnds, begun.length, `seed ${seed}`);
    assert.equal(streams.serverEnds, streams.requests.size, `seed ${seed}`);
    for (const { response } of begun) assert.ok(response.endCount <= 1);
  }
});
