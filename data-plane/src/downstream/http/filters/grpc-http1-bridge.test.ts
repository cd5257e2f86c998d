import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcHttp1BridgeConfig } from '../../../config/model/grpc-filters.ts';
import { bytewise, FilterRun, frame, type FilterRunOptions } from '../../testing/filter-run.ts';
import { createGrpcHttp1BridgeFilterFactory } from './grpc-http1-bridge.ts';

const factory = createGrpcHttp1BridgeFilterFactory();
const grpc = { 'content-type': 'application/grpc' };
const protobuf = { 'content-type': 'application/x-protobuf' };
const upgrading: GrpcHttp1BridgeConfig = { upgradesProtobuf: true, ignoresQuery: true };

function start(
  headers: Readonly<Record<string, string>>,
  config: GrpcHttp1BridgeConfig = { upgradesProtobuf: false, ignoresQuery: false },
  options: FilterRunOptions = {},
): FilterRun {
  return new FilterRun([[factory, config]], headers, options);
}

test('the end of the call stands in the head, with the length of the body', () => {
  const run = start({ ...grpc, ':path': '/a/b?x=1' });
  run.request([frame('hi')]);
  assert.equal(run.upstream.field(':path'), '/a/b?x=1');
  run.respond(grpc, bytewise(frame('hello')), { 'grpc-status': '0', 'grpc-message': '', 'x-other': '1' });
  const { client } = run;
  assert.equal(client.field(':status'), '200');
  assert.equal(client.field('grpc-status'), '0');
  assert.equal(client.field('grpc-message'), '');
  assert.equal(client.field('content-length'), '10');
  assert.equal(client.field('x-other'), undefined);
  assert.equal(client.pieces.join(''), frame('hello'));
});

test('nothing goes out before the end is known', () => {
  const run = start(grpc);
  run.request([]);
  run.answer?.encodeHeaders(run.upstream.headers?.clone() ?? assert.fail(), false);
  run.answer?.encodeData(Buffer.from(frame('x')), false);
  assert.equal(run.client.headers, undefined);
});

test('a call that failed is 503', () => {
  for (const status of ['5', '99', 'x', '', '00001']) {
    const run = start(grpc);
    run.request([]);
    run.respond(grpc, [], { 'grpc-status': status, 'grpc-message': 'no' });
    assert.equal(run.client.field(':status'), '503', status);
    assert.equal(run.client.field('grpc-status'), status);
    assert.equal(run.client.field('grpc-message'), 'no');
    assert.equal(run.client.field('content-length'), '0');
  }
});

test('what needs no bridge passes as it is', () => {
  const only = start(grpc);
  only.request([]);
  only.respond({ ...grpc, 'grpc-status': '14' }, []);
  assert.equal(only.client.field(':status'), '200');
  assert.equal(only.client.field('grpc-status'), '14');

  const plain = start({ 'content-type': 'text/plain' }, upgrading);
  plain.request(['x']);
  plain.respond({}, ['y'], { 'grpc-status': '5' });
  assert.equal(plain.client.field(':status'), '200');
  assert.equal(plain.client.trailer('grpc-status'), '5');

  const http2 = start({ ...grpc, ':path': '/a/b?x' }, upgrading, { protocol: 'HTTP/2' });
  http2.request([frame('x')]);
  http2.respond(grpc, [frame('y')], { 'grpc-status': '5' });
  assert.equal(http2.upstream.field(':path'), '/a/b?x');
  assert.equal(http2.client.field(':status'), '200');
  assert.equal(http2.client.trailer('grpc-status'), '5');
});

test('protobuf becomes a call, and the answer protobuf without its frame', () => {
  for (const chunks of [['message'], bytewise('message'), ['mess', 'age', '']]) {
    const run = start({ ...protobuf, ':path': '/a/b?x=1', 'content-length': '7' }, upgrading);
    run.request(chunks);
    assert.equal(run.upstream.field('content-type'), 'application/grpc');
    assert.equal(run.upstream.field('content-length'), undefined);
    assert.equal(run.upstream.field(':path'), '/a/b');
    assert.equal(run.upstream.pieces.join(''), frame('message'));
    assert.ok(run.upstream.hasEnded);
    assert.equal(run.clearedRouteCount, 1);
    run.respond(grpc, chunks.length > 3 ? bytewise(frame('answer')) : [frame('answer')], {
      'grpc-status': '0',
    });
    assert.equal(run.client.field('content-length'), '6');
    assert.equal(run.client.pieces.join(''), 'answer');
  }
});

test('trailers end the message too', () => {
  const run = start(protobuf, upgrading);
  run.request(['mess', 'age'], { 'x-trailer': '1' });
  assert.equal(run.upstream.pieces.join(''), frame('message'));
  assert.equal(run.upstream.trailer('x-trailer'), '1');
});

test('an answer that is no gRPC keeps its body', () => {
  const run = start(protobuf, upgrading);
  run.request(['x']);
  run.respond({ ':status': '404', 'content-type': 'text/html' }, ['<p>not ', 'found']);
  assert.equal(run.client.pieces.join(''), '<p>not found');
  assert.equal(run.client.field(':status'), '404');

  const local = start(protobuf, upgrading);
  local.request(['x']);
  local.answer?.sendLocalReply({ status: 503, body: 'no healthy upstream', details: '' });
  assert.equal(local.client.pieces.join(''), 'no healthy upstream');
  assert.equal(local.client.field(':status'), '503');
});

test('what is buffered has a limit', () => {
  const chunks = ['x'.repeat(15), 'y'.repeat(15), 'z'];
  const answer = start(grpc, undefined, { bufferLimitBytes: 25 });
  answer.request([]);
  answer.respond(grpc, chunks, { 'grpc-status': '0' });
  assert.equal(answer.client.field('grpc-status'), '2');
  assert.equal(answer.info.responseDetails, 'response_payload_too_large');
  const request = start(protobuf, upgrading, { bufferLimitBytes: 25 });
  request.request(chunks);
  assert.equal(request.client.field(':status'), '413');
});
