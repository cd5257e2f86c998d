import { test } from 'node:test';
import assert from 'node:assert/strict';
import { systemClock } from '@heddle/shared/time/clock';
import { HeaderMap } from '../../codec/header-map.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { HttpFilterChain, type FilterChainOwner } from './http-filter-chain.ts';
import type {
  DataResult,
  DataStatus,
  DecoderFilter,
  DecoderFilterCallbacks,
  EncoderFilter,
  EncoderFilterCallbacks,
  HeadersStatus,
  TrailersStatus,
} from './http-filter.ts';
import { StreamInfoRecord } from './stream-info-record.ts';

/** Says what it was told to, in order, and `continue` afterwards; writes down what it saw. */
class ScriptedFilter implements DecoderFilter, EncoderFilter {
  readonly seen: string[] = [];
  decoder: DecoderFilterCallbacks | undefined;
  encoder: EncoderFilterCallbacks | undefined;
  onHeaders: () => void = () => undefined;
  onTrailers: () => void = () => undefined;
  /** Before the other statuses. */
  readonly dataResults: DataResult[] = [];
  readonly #name: string;
  readonly #log: string[];
  readonly #statuses: string[];

  constructor(name: string, log: string[], ...statuses: (HeadersStatus | DataStatus)[]) {
    this.#name = name;
    this.#log = log;
    this.#statuses = statuses;
  }

  setDecoderCallbacks(callbacks: DecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }
  setEncoderCallbacks(callbacks: EncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }
  decodeHeaders(_headers: HeaderMap, endStream: boolean): HeadersStatus {
    this.onHeaders();
    return this.#say(`headers${end(endStream)}`) as HeadersStatus;
  }
  decodeData(chunk: Buffer, endStream: boolean): DataResult {
    const status = this.#say(`${chunk.toString()}${end(endStream)}`) as DataStatus;
    return this.dataResults.shift() ?? status;
  }
  decodeTrailers(): TrailersStatus {
    this.onTrailers();
    return this.#say('trailers') as TrailersStatus;
  }
  encodeInformational(): void {
    this.#say('1xx');
  }
  encodeHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    this.onHeaders();
    return this.#say(`${headers.get(':status') ?? ''}${end(endStream)}`) as HeadersStatus;
  }
  encodeData(chunk: Buffer, endStream: boolean): DataResult {
    return this.decodeData(chunk, endStream);
  }
  encodeTrailers(): TrailersStatus {
    return this.decodeTrailers();
  }
  onDestroy(): void {
    this.#log.push(`${this.#name}: destroyed`);
  }

  #say(what: string): string {
    this.#log.push(`${this.#name}: ${what}`);
    return this.#statuses.shift() ?? 'continue';
  }
}

const end = (endStream: boolean) => (endStream ? '.' : '');

function setUp(limitBytes = 1_000) {
  const log: string[] = [];
  const written: string[] = [];
  const info = new StreamInfoRecord({
    startedAt: 0,
    startedAtMs: 0,
    protocol: 'HTTP/1.1',
    connectionId: 1,
    streamId: 1,
    downstreamDirectAddress: { address: '127.0.0.1', port: 1 },
    downstreamLocalAddress: { address: '127.0.0.1', port: 2 },
    randomValue: 0,
    filterChainName: '',
  });
  const request = HeaderMap.of({ ':method': 'GET', ':path': '/' });
  const owner: FilterChainOwner = {
    streamInfo: info,
    wheel: new TimerWheel(systemClock),
    requestHeaders: request,
    route: () => undefined,
    chosenRoute: undefined,
    onLocalReply: () => undefined,
    onFilterError: (err) => void written.push(String(err)),
    clearRouteCache: () => undefined,
    writeInformational: () => void written.push('1xx'),
    writeHeaders: (headers, endStream, isLocal) =>
      void written.push(`${headers.get(':status') ?? ''}${end(endStream)}${isLocal ? ' local' : ''}`),
    writeData: (chunk, endStream) => void written.push(`${chunk.toString()}${end(endStream)}`),
    writeTrailers: () => void written.push('trailers'),
    roomBytes: Infinity,
    readDisable: (disable) => void written.push(`read-disable ${disable}`),
    setWatermarkCallbacks: () => undefined,
    onEncoderBackPressure: (isAbove) => void written.push(`hold-upstream ${isAbove}`),
    reset: (details) => void written.push(`reset ${details}`),
  };
  const decoders = (...filters: ScriptedFilter[]) =>
    new HttpFilterChain(
      owner,
      filters.map((filter, index) => ({ name: `f${index}`, filter: { decoder: filter } })),
      limitBytes,
    );
  const encoders = (...filters: ScriptedFilter[]) =>
    new HttpFilterChain(
      owner,
      filters.map((filter, index) => ({ name: `f${index}`, filter: { encoder: filter } })),
      limitBytes,
    );
  return { log, written, info, request, decoders, encoders };
}

const bytes = (text: string) => Buffer.from(text);

test('continue: everything passes in order', () => {
  const { log, request, decoders } = setUp();
  const chain = decoders(new ScriptedFilter('a', log), new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), false);
  chain.decodeTrailers(new HeaderMap());
  assert.deepEqual(log, ['a: headers', 'b: headers', 'a: x', 'b: x', 'a: trailers', 'b: trailers']);
});

test('stop-iteration: the filter gets the body, later ones nothing until it continues', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'stop-iteration', 'stop-and-buffer', 'continue');
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), false);
  assert.equal(a.decoder?.decodingBuffer()?.toString(), 'x');
  chain.decodeData(bytes('y'), true);
  assert.deepEqual(log, ['a: headers', 'a: x', 'a: y.', 'b: headers', 'b: xy.']);
});

test('stop-iteration, then continueDecoding', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'stop-iteration', 'stop-no-buffer');
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('gone'), true);
  a.decoder?.continueDecoding();
  // What was not buffered is gone; the end is not.
  assert.deepEqual(log, ['a: headers', 'a: gone.', 'b: headers', 'b: .']);
});

test('stop-all-and-buffer: not even the filter itself sees the body before it continues', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'stop-all-and-buffer');
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), false);
  chain.decodeData(bytes('y'), false);
  chain.decodeTrailers(new HeaderMap());
  assert.deepEqual(log, ['a: headers']);
  a.decoder?.continueDecoding();
  assert.deepEqual(log.slice(1), ['b: headers', 'a: xy', 'b: xy', 'a: trailers', 'b: trailers']);
});

test('stop-all-and-watermark: beyond the limit reading stops, and resumes', () => {
  const { log, written, request, decoders } = setUp(3);
  const a = new ScriptedFilter('a', log, 'stop-all-and-watermark');
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('xxxx'), false);
  assert.deepEqual(written, ['read-disable true']);
  a.decoder?.continueDecoding();
  assert.deepEqual(written, ['read-disable true', 'read-disable false']);
});

test('a filter adds a body to a request that has none', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log);
  a.onHeaders = () => a.decoder?.addDecodedData(bytes('added'));
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, true);
  assert.deepEqual(log, ['a: headers.', 'b: headers', 'b: added.']);
});

test('continue-and-dont-end-stream: the body comes later', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'continue-and-dont-end-stream');
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, true);
  assert.deepEqual(log, ['a: headers.', 'b: headers']);
});

test('more than the limit is 413, or 500 for an answer, or a reset once its head went out', () => {
  const request = setUp(3);
  const chain = request.decoders(new ScriptedFilter('a', request.log, 'stop-iteration', 'stop-and-buffer'));
  chain.decodeHeaders(request.request, false);
  chain.decodeData(bytes('xxxx'), false);
  assert.deepEqual(request.written, ['413 local', 'Payload Too Large.']);
  assert.equal(request.info.responseDetails, 'request_payload_too_large');

  const held = setUp(3);
  const holding = held.encoders(new ScriptedFilter('a', held.log, 'stop-iteration', 'stop-and-buffer'));
  holding.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  holding.encodeData(bytes('xxxx'), false);
  assert.deepEqual(held.written, ['500 local', 'Internal Server Error.']);

  const begun = setUp(3);
  const passing = begun.encoders(new ScriptedFilter('a', begun.log, 'continue', 'stop-and-buffer'));
  passing.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  passing.encodeData(bytes('xxxx'), false);
  assert.deepEqual(begun.written, ['200', 'reset response_payload_too_large']);
});

test('answers pass the encoders in reverse, and so do local replies', () => {
  const { log, written, encoders } = setUp();
  const chain = encoders(new ScriptedFilter('a', log), new ScriptedFilter('b', log));
  chain.sendLocalReply({ status: 403, body: 'no', details: 'denied', flag: 'UAEX' });
  assert.deepEqual(log, ['b: 403', 'a: 403', 'b: no.', 'a: no.']);
  assert.deepEqual(written, ['403 local', 'no.']);
  // The upstream is late.
  chain.encodeHeaders(HeaderMap.of({ ':status': '200' }), true);
  chain.encodeData(bytes('late'), true);
  assert.deepEqual(written, ['403 local', 'no.']);
});

test('a local reply from within decodeHeaders stops the request there', () => {
  const { log, written, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'stop-iteration');
  a.onHeaders = () => a.decoder?.sendLocalReply({ status: 401, body: '', details: 'denied' });
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), true);
  a.decoder?.continueDecoding();
  assert.deepEqual(log, ['a: headers']);
  assert.deepEqual(written, ['401. local']);
});

test('an answer that an encoder holds back is replaced by a local reply that it does not see', () => {
  const { log, written, encoders } = setUp();
  const chain = encoders(new ScriptedFilter('a', log, 'stop-iteration'));
  chain.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  chain.sendLocalReply({ status: 504, body: '', details: 'late' });
  assert.deepEqual(log, ['a: 200']);
  assert.deepEqual(written, ['504. local']);
});

test('a filter that throws is a 500 for its request, whichever way the message went', () => {
  const decoding = setUp();
  const a = new ScriptedFilter('a', decoding.log);
  a.onHeaders = () => {
    throw new Error('broken');
  };
  decoding.decoders(a).decodeHeaders(decoding.request, true);
  assert.deepEqual(decoding.written, ['Error: broken', '500 local', 'Internal Server Error.']);

  const encoding = setUp();
  const b = new ScriptedFilter('b', encoding.log);
  b.onHeaders = a.onHeaders;
  encoding.encoders(b).encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  assert.deepEqual(encoding.written, ['Error: broken', '500 local', 'Internal Server Error.']);
});

test('every filter hears of the end, once', () => {
  const { log, decoders } = setUp();
  const chain = decoders(new ScriptedFilter('a', log), new ScriptedFilter('b', log));
  chain.destroy();
  chain.destroy();
  assert.deepEqual(log, ['a: destroyed', 'b: destroyed']);
});

test('bytes in place of a status replace the chunk, and continue', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log, 'continue');
  a.dataResults.push(bytes('X'), 'stop-no-buffer', bytes('YZ'));
  const chain = decoders(a, new ScriptedFilter('b', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), false);
  chain.decodeData(bytes('y'), false);
  chain.decodeData(bytes('z'), true);
  assert.deepEqual(log, ['a: headers', 'b: headers', 'a: x', 'b: X', 'a: y', 'a: z.', 'b: YZ.']);
});

test('what is added to trailers goes ahead of them, once, whatever filters behind hold back', () => {
  const { log, request, decoders } = setUp();
  const a = new ScriptedFilter('a', log);
  a.onTrailers = () => a.decoder?.addDecodedData(bytes('added'));
  const b = new ScriptedFilter('b', log, 'continue', 'stop-and-buffer', 'continue');
  const chain = decoders(a, b, new ScriptedFilter('c', log));
  chain.decodeHeaders(request, false);
  chain.decodeData(bytes('x'), false);
  chain.decodeTrailers(new HeaderMap());
  assert.deepEqual(log.slice(3), [
    ...['a: x', 'b: x', 'b: added', 'c: xadded'],
    ...['a: trailers', 'b: trailers', 'c: trailers'],
  ]);
});

test('how an error is told depends on the request as it came', () => {
  for (const [type, later, expected] of [
    ['application/grpc', 'text/plain', '200'],
    ['text/plain', 'application/grpc', '503'],
  ] as const) {
    const { written, request, decoders, log } = setUp();
    request.set('content-type', type);
    const a = new ScriptedFilter('a', log);
    a.onHeaders = () => request.set('content-type', later);
    const chain = decoders(a);
    chain.decodeHeaders(request, true);
    chain.sendLocalReply({ status: 503, body: '', details: 'away' });
    assert.deepEqual(written, [`${expected}. local`]);
  }
});
