import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createCountingStats } from '../../testing/counting-stats.ts';
import { bytewise, FilterRun, frame } from '../../testing/filter-run.ts';
import { Base64Decoder } from './grpc-web-text.ts';
import { createGrpcWebFilterFactory } from './grpc-web.ts';

const stats = createCountingStats();
const factory = createGrpcWebFilterFactory(() => stats.scope('cluster.c.'));
const grpc = { 'content-type': 'application/grpc' };
const web = { 'content-type': 'application/grpc-web' };
const text = { 'content-type': 'application/grpc-web-text', accept: 'application/grpc-web-text' };
const base64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64');
const start = (headers: Readonly<Record<string, string>>) => new FilterRun([[factory]], headers);

test('binary: a call of gRPC upstream, with its trailers in the body for the client', () => {
  const run = start({ ...web, 'content-length': '7' });
  run.request([frame('hi')]);
  assert.equal(run.upstream.field('content-type'), 'application/grpc');
  assert.equal(run.upstream.field('te'), 'trailers');
  assert.equal(run.upstream.field('grpc-accept-encoding'), 'identity');
  assert.equal(run.upstream.field('content-length'), undefined);
  assert.deepEqual(run.upstream.pieces, [frame('hi')]);

  run.respond({ ...grpc, 'content-length': '9' }, [frame('a'), frame('b')], {
    'grpc-status': '5',
    'x-other': 'ü',
  });
  assert.equal(run.client.field('content-type'), 'application/grpc-web+proto');
  assert.equal(run.client.field('content-length'), undefined);
  const trailers = frame('grpc-status:5\r\nx-other:ü\r\n', 0x80);
  assert.deepEqual(run.client.pieces, [frame('a'), frame('b'), trailers]);
  // They end the answer, and are empty.
  assert.equal(run.client.trailers?.size, 0);
  assert.deepEqual(
    ['5', 'failure', 'total'].map((name) => stats.value(`cluster.c.grpc-web.pkg.Service.Method.${name}`)),
    [1, 1, 1],
  );
});

test('text: base64 in both directions, however it is cut; a message can be read when it is there', () => {
  const messages = frame('hello') + frame('') + frame('x');
  for (const body of [base64(messages), base64(messages.slice(0, 10)) + base64(messages.slice(10))]) {
    for (const chunks of [[body], bytewise(body), [body.slice(0, 7), body.slice(7)]]) {
      const run = start(text);
      run.request(chunks);
      assert.equal(run.upstream.pieces.join(''), messages);
      assert.ok(run.upstream.hasEnded);
    }
  }
  for (const cut of [bytewise, (whole: string) => [whole]]) {
    const run = start(text);
    run.request([]);
    run.respond(grpc, cut(frame('hello')));
    assert.equal(run.client.pieces.join(''), base64(frame('hello')));
    run.chain.destroy();
  }
  const incomplete = frame('hello').slice(0, 7);
  for (const chunks of [[incomplete], bytewise(incomplete)]) {
    const run = start(text);
    run.request([]);
    run.respond(grpc, chunks);
    assert.equal(run.client.pieces.join(''), base64(incomplete));
    assert.ok(run.client.hasEnded);
  }
  const run = start(text);
  run.request([]);
  run.respond(grpc, bytewise(frame('hello') + frame('hello!')), { 'grpc-status': '0' });
  assert.equal(run.client.field('content-type'), 'application/grpc-web-text+proto');
  const expected = [frame('hello'), frame('hello!'), frame('grpc-status:0\r\n', 0x80)];
  assert.equal(run.client.pieces.join(''), expected.map(base64).join(''));
});

test('what comes is one thing, and what is accepted another', () => {
  const run = start({ ...web, accept: 'application/grpc-web-text+proto' });
  run.request([frame('x')]);
  run.respond(grpc, [frame('y')], { 'grpc-status': '0' });
  assert.deepEqual(run.upstream.pieces, [frame('x')]);
  assert.ok(run.client.pieces.join('').startsWith(base64(frame('y'))));

  const other = start({ 'content-type': 'application/grpc-web-text+proto', 'grpc-accept-encoding': 'br' });
  other.request([base64(frame('x'))]);
  other.respond(grpc, [frame('y')], { 'grpc-status': '0' });
  assert.equal(other.upstream.field('grpc-accept-encoding'), 'br');
  assert.equal(other.client.pieces[0], frame('y'));
});

test('bad base64 is refused in the words of gRPC-Web', () => {
  const bodies: readonly (readonly [readonly string[], string])[] = [
    [['AAA'], 'grpc_base_64_decode_failed_bad_size'],
    [['AAAA', 'A'], 'grpc_base_64_decode_failed_bad_size'],
    [['AAA*'], 'grpc_base_64_decode_failed'],
    [['A==='], 'grpc_base_64_decode_failed'],
    [['AA=A'], 'grpc_base_64_decode_failed'],
    [['AA\r\n'], 'grpc_base_64_decode_failed'],
  ];
  for (const [chunks, details] of bodies) {
    const run = start(text);
    run.request(chunks);
    assert.equal(run.info.responseDetails, details, chunks.join(' '));
    assert.equal(run.client.field(':status'), '400');
    assert.equal(run.client.field('grpc-status'), '13');
    assert.equal(run.client.field('grpc-message'), 'Bad gRPC-web request, invalid base64 data.');
    assert.ok(run.client.hasEnded);
    assert.equal(run.client.pieces.join(''), '');
  }
  const trailing = start(text);
  trailing.request(['AAAA', 'AA'], { 'x-trailer': '1' });
  assert.equal(trailing.info.responseDetails, 'grpc_base_64_decode_failed_bad_size');
});

test('an answer that is not gRPC becomes a status with its body as the message', () => {
  const run = start(web);
  run.request([]);
  run.respond({ ':status': '404', 'content-type': 'text/html', 'content-length': '9' }, ['<p>', 'no %\n']);
  assert.equal(run.client.field(':status'), '404');
  assert.equal(run.client.field('content-type'), 'application/grpc-web+proto');
  assert.equal(run.client.field('grpc-status'), '12');
  assert.equal(run.client.field('grpc-message'), '<p>no %25%0A');
  assert.equal(run.client.field('content-length'), '0');
  assert.equal(run.client.pieces.join(''), '');
  assert.ok(run.client.hasEnded);

  const large = start(web);
  large.request([]);
  large.respond({ ':status': '503' }, ['x'.repeat(10_000), 'y'.repeat(10_000)], { 'x-trailer': '1' });
  assert.equal(large.client.field('grpc-message'), 'x'.repeat(10_000) + 'y'.repeat(6_384));
  assert.equal(large.client.trailer('x-trailer'), '1');
});

test('a local reply is told as HTTP with a status, since the request was not gRPC', () => {
  const run = start(web);
  run.request([frame('x')]);
  run.answer?.sendLocalReply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream' });
  assert.equal(run.client.field(':status'), '503');
  assert.equal(run.client.field('grpc-status'), '14');
  assert.equal(run.client.field('grpc-message'), 'no healthy upstream');
});

test('trailers-only, answers of gRPC-Web itself, and other requests', () => {
  const only = start(web);
  only.request([]);
  only.respond({ ...grpc, 'grpc-status': '14', 'content-length': '0' }, []);
  assert.equal(only.client.field('grpc-status'), '14');
  assert.equal(only.client.field('content-type'), 'application/grpc-web+proto');

  const native = start(web);
  native.request([]);
  native.respond({ 'content-type': 'Application/gRPC-Web+proto ; charset=x' }, [frame('x')]);
  assert.deepEqual(native.client.pieces, [frame('x')]);

  for (const type of [
    'application/grpc-web+json',
    'Application/grpc-web',
    'application/grpc',
    'text/plain',
  ]) {
    const run = start({ 'content-type': type });
    run.request(['AAA']);
    run.respond({ 'content-type': 'text/plain' }, ['x'], { 'x-trailer': '1' });
    assert.equal(run.upstream.field('content-type'), type);
    assert.deepEqual(run.client.pieces, ['x']);
    assert.equal(run.client.trailer('x-trailer'), '1');
  }
});

test('base64 decodes to what was encoded, in any pieces and chunks', () => {
  const rng = createSeededRng(3);
  const below = (limit: number) => Math.floor(rng.next() * limit);
  for (let round = 0; round < 200; round++) {
    const pieces = Array.from({ length: 1 + below(4) }, () =>
      Buffer.from(Array.from({ length: below(20) }, () => below(256))),
    );
    const encoded = pieces.map((piece) => piece.toString('base64')).join('');
    const decoder = new Base64Decoder();
    const decoded: Buffer[] = [];
    for (let at = 0; at < encoded.length;) {
      const end = at + 1 + below(9);
      decoded.push(decoder.decode(Buffer.from(encoded.slice(at, end))) ?? Buffer.from('bad'));
      at = end;
    }
    assert.deepEqual(Buffer.concat(decoded), Buffer.concat(pieces));
    assert.ok(!decoder.hasRest);
  }
});
