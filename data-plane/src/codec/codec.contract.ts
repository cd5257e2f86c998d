import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  RequestDecoder,
  RequestEncoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
} from './codec.ts';
import { HeaderMap } from './header-map.ts';
import type { RecordedRequest } from './testing/recording-server.ts';
import { RecordedRequest as Request } from './testing/recording-server.ts';
import { RecordedResponse } from './testing/recording-client.ts';

/** A client and a server codec whose bytes reach each other. */
export interface CodecPair {
  readonly client: ClientCodec;
  readonly server: ServerCodec;
  /** Delivers what was written, both ways, until nothing is left. At most `chunkBytes` at a time. */
  deliver(chunkBytes?: number): void;
  /** The connection breaks, for both. */
  breakConnection(): void;
}

/** Makes a pair with trailers enabled. */
export type CreateCodecPair = (server: ServerCodecCallbacks, client: ClientCodecCallbacks) => CodecPair;

/** What the events of both ends left behind. */
class Exchange implements ServerCodecCallbacks, ClientCodecCallbacks {
  readonly pair: CodecPair;
  readonly requests: RecordedRequest[] = [];
  readonly serverEnds: boolean[] = [];
  readonly clientEnds: boolean[] = [];
  readonly errors: string[] = [];

  constructor(create: CreateCodecPair) {
    this.pair = create(this, {
      onStreamEnd: (isReusable) => void this.clientEnds.push(isReusable),
      onProtocolError: (error) => void this.errors.push(error.details),
      onGoAway: () => undefined,
    });
  }

  get request(): RecordedRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('no request arrived');
    return request;
  }

  begin(): { encoder: RequestEncoder; response: RecordedResponse } {
    const response = new RecordedResponse();
    const encoder = this.pair.client.newStream(response);
    encoder.setCallbacks(response);
    return { encoder, response };
  }

  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    const request = new Request(encoder);
    this.requests.push(request);
    return request;
  }
  onStreamEnd(shouldClose: boolean): void {
    this.serverEnds.push(shouldClose);
  }
  onProtocolError(error: { details: string }): void {
    this.errors.push(error.details);
  }
  onGoAway(): void {
    // The client's callbacks are those of the constructor.
  }
}

function requestHead(method: string, fields: Record<string, string> = {}): HeaderMap {
  return HeaderMap.of({
    ':method': method,
    ':path': '/p?q',
    ':authority': 'a.test',
    ':scheme': 'http',
    ...fields,
  });
}

/** What every codec does, whatever its bytes look like. `name` stands before each test. */
export function testCodecContract(name: string, create: CreateCodecPair): void {
  test(`${name}: a request without a body and its answer`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('GET', { 'x-a': 'b', cookie: 'c=d' }), true);
    assert.equal(exchange.pair.client.activeStreamCount, 1);
    exchange.pair.deliver();
    const { request } = exchange;
    assert.ok(request.isComplete);
    assert.equal(exchange.pair.server.activeStreamCount, 1);
    for (const [field, value] of requestHead('GET', { 'x-a': 'b', cookie: 'c=d' })) {
      assert.equal(request.headers.get(field), value, field);
    }
    request.answer('200', 'hello', { 'content-length': '5', 'x-c': '\xe9' });
    exchange.pair.deliver();
    assert.equal(response.status, '200');
    assert.equal(response.headers?.get('x-c'), '\xe9');
    assert.equal(response.body, 'hello');
    assert.ok(response.isComplete);
    assert.deepEqual([exchange.clientEnds, exchange.serverEnds, exchange.errors], [[true], [false], []]);
    assert.equal(exchange.pair.client.activeStreamCount + exchange.pair.server.activeStreamCount, 0);
  });

  test(`${name}: bodies both ways in many pieces, however the bytes are cut`, () => {
    for (const chunkBytes of [1, 7, 1_000, 1_000_000]) {
      const exchange = new Exchange(create);
      const { encoder, response } = exchange.begin();
      encoder.encodeHeaders(requestHead('POST'), false);
      let expected = '';
      for (let index = 0; index < 20; index++) {
        const piece = String.fromCharCode(97 + index).repeat(index * 13);
        expected += piece;
        encoder.encodeData(Buffer.from(piece), index === 19);
        exchange.pair.deliver(chunkBytes);
      }
      assert.equal(exchange.request.body, expected);
      assert.ok(exchange.request.isComplete);
      exchange.request.answer('200', expected);
      exchange.pair.deliver(chunkBytes);
      assert.equal(response.body, expected);
      assert.ok(response.isComplete);
      assert.ok(encoder.bytesWritten > expected.length);
    }
  });

  test(`${name}: trailers both ways`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('POST', { te: 'trailers' }), false);
    encoder.encodeData(Buffer.from('x'), false);
    encoder.encodeTrailers(HeaderMap.of({ 'x-sum': '1' }));
    exchange.pair.deliver();
    assert.deepEqual([...(exchange.request.trailers ?? [])], [['x-sum', '1']]);
    assert.ok(exchange.request.isComplete);
    exchange.request.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
    exchange.request.encoder.encodeTrailers(HeaderMap.of({ 'grpc-status': '0' }));
    exchange.pair.deliver();
    assert.deepEqual([...(response.trailers ?? [])], [['grpc-status', '0']]);
    assert.ok(response.isComplete);
    assert.deepEqual(exchange.clientEnds, [true]);
  });

  test(`${name}: HEAD, 204 and 304 end with their head`, () => {
    for (const [method, status] of [
      ['HEAD', '200'],
      ['GET', '204'],
      ['GET', '304'],
    ] as const) {
      const exchange = new Exchange(create);
      const { encoder, response } = exchange.begin();
      encoder.encodeHeaders(requestHead(method), true);
      exchange.pair.deliver();
      exchange.request.answer(status);
      exchange.pair.deliver();
      assert.equal(response.status, status);
      assert.ok(response.isComplete);
      assert.equal(response.body, '');
      assert.deepEqual(exchange.clientEnds, [true]);
    }
  });

  test(`${name}: informational answers come before the answer`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('POST', { 'content-length': '1' }), false);
    exchange.pair.deliver();
    exchange.request.encoder.encodeInformational(HeaderMap.of({ ':status': '100' }));
    exchange.request.encoder.encodeInformational(HeaderMap.of({ ':status': '103', link: '<x>' }));
    exchange.pair.deliver();
    assert.deepEqual(response.informational, ['100', '103']);
    encoder.encodeData(Buffer.from('x'), true);
    exchange.pair.deliver();
    exchange.request.answer('200', 'y');
    exchange.pair.deliver();
    assert.equal(response.body, 'y');
  });

  test(`${name}: one connection carries one exchange after another`, () => {
    const exchange = new Exchange(create);
    for (let index = 0; index < 10; index++) {
      const { encoder, response } = exchange.begin();
      encoder.encodeHeaders(requestHead('GET'), true);
      exchange.pair.deliver();
      exchange.request.answer('200', `${index}`);
      exchange.pair.deliver();
      assert.equal(response.body, `${index}`);
    }
    assert.deepEqual(new Set(exchange.clientEnds), new Set([true]));
    assert.equal(exchange.requests.length, 10);
  });

  test(`${name}: a broken connection resets both ends of the stream, once, as their last event`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('GET'), true);
    exchange.pair.deliver();
    exchange.pair.breakConnection();
    exchange.pair.breakConnection();
    assert.equal(exchange.request.reset, 'connection-termination: broken');
    assert.equal(response.reset, 'connection-termination: broken');
    encoder.resetStream();
    exchange.request.answer('200', 'late');
    exchange.pair.deliver();
    assert.equal(response.headers, undefined);
    assert.deepEqual([exchange.serverEnds.length, exchange.clientEnds], [1, [false]]);
  });

  test(`${name}: resetStream has no event at the side that called it, and is idempotent`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('GET'), true);
    exchange.pair.deliver();
    encoder.resetStream();
    encoder.resetStream();
    exchange.request.encoder.resetStream();
    exchange.request.encoder.resetStream();
    exchange.pair.deliver();
    assert.equal(response.reset, undefined);
    assert.equal(exchange.request.reset, undefined);
    assert.equal(exchange.pair.client.activeStreamCount + exchange.pair.server.activeStreamCount, 0);
  });

  test(`${name}: watermarks of the connection reach the open streams`, () => {
    const exchange = new Exchange(create);
    const { encoder, response } = exchange.begin();
    encoder.encodeHeaders(requestHead('GET'), true);
    exchange.pair.deliver();
    exchange.pair.client.onAboveWriteHighWatermark();
    exchange.pair.client.onBelowWriteLowWatermark();
    exchange.pair.server.onAboveWriteHighWatermark();
    exchange.pair.server.onBelowWriteLowWatermark();
    assert.deepEqual([response.marks, exchange.request.marks], ['ab', 'ab']);
  });
}
