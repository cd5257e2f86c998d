import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CountedMethods, GrpcStatsConfig } from '../../../config/model/grpc-filters.ts';
import { createCountingStats, type CountingStats } from '../../testing/counting-stats.ts';
import { bytewise, FilterRun, frame } from '../../testing/filter-run.ts';
import type { HttpFilterFactory } from '../http-filter.ts';
import { createGrpcStatsFilterFactory } from './grpc-stats.ts';

const grpc = { 'content-type': 'application/grpc' };

function setUp(methods: CountedMethods, hasUpstreamTime = false) {
  const stats = createCountingStats();
  const scope = stats.scope('cluster.c.');
  const factory = createGrpcStatsFilterFactory((name) => (name === 'c' ? scope : undefined));
  const config: GrpcStatsConfig = { methods, hasUpstreamTime };
  return { stats, factory, config };
}

/** A call with two messages in and three out. */
function call(factory: HttpFilterFactory, config: GrpcStatsConfig, path: string, status = '0'): FilterRun {
  const run = new FilterRun([[factory, config]], { ':path': path, ...grpc });
  run.request(bytewise(frame('one') + frame('')));
  run.respond(grpc, bytewise(frame('a') + frame('bb', 1) + frame('c')), { 'grpc-status': status });
  return run;
}

function valuesOf(stats: CountingStats, prefix: string, ...names: readonly string[]): number[] {
  return names.map((name) => stats.value(`cluster.c.grpc.${prefix}${name}`));
}

test('calls and messages are counted by method, without a change to them', () => {
  const { stats, factory, config } = setUp({ kind: 'all', replacesDots: false });
  const run = call(factory, config, '/pkg.Service/Method?query');
  assert.equal(run.upstream.pieces.join(''), frame('one') + frame(''));
  assert.equal(run.client.pieces.join(''), frame('a') + frame('bb', 1) + frame('c'));
  assert.equal(run.client.trailer('grpc-status'), '0');
  const names = ['success', 'failure', 'total', '0', 'request_message_count', 'response_message_count'];
  assert.deepEqual(valuesOf(stats, 'pkg.Service.Method.', ...names), [1, 0, 1, 1, 2, 3]);
  assert.deepEqual(valuesOf(stats, '', ...names), [0, 0, 0, 0, 0, 0]);

  call(factory, config, '//pkg.Service//Method/', '13');
  assert.deepEqual(valuesOf(stats, 'pkg.Service.Method.', ...names, '13'), [1, 1, 2, 1, 4, 6, 1]);
});

test('names of methods: dots replaced, listed ones only, none', () => {
  const dots = setUp({ kind: 'all', replacesDots: true });
  call(dots.factory, dots.config, '/pkg.Service/Some.Method');
  assert.equal(dots.stats.value('cluster.c.grpc.pkg_Service.Some.Method.total'), 1);

  const listed = setUp({ kind: 'listed', names: ['pkg.Service/Listed'] });
  call(listed.factory, listed.config, '/pkg.Service/Listed');
  call(listed.factory, listed.config, '/pkg.Service/Other');
  assert.deepEqual(valuesOf(listed.stats, '', 'pkg.Service.Listed.total', 'total'), [1, 1]);

  const none = setUp({ kind: 'none' });
  call(none.factory, none.config, '/pkg.Service/Method');
  assert.deepEqual(valuesOf(none.stats, '', 'pkg.Service.Method.total', 'total'), [0, 1]);
});

test('what is no call, and a call to nowhere, counts nothing', () => {
  const { stats, factory, config } = setUp({ kind: 'none' });
  for (const path of ['/pkg.Service', '/a/b/c', '/', '*']) call(factory, config, path);
  const foreign = new FilterRun([[factory, config]], { 'content-type': 'application/grpc-web' });
  foreign.request([frame('x')]);
  foreign.respond(grpc, [], { 'grpc-status': '0' });
  const nowhere = new FilterRun([[factory, config]], grpc, { clusterName: 'none' });
  nowhere.request([frame('x')]);
  nowhere.respond(grpc, [], { 'grpc-status': '0' });
  assert.deepEqual(valuesOf(stats, '', 'total', 'request_message_count'), [0, 0]);
});

test('a status in the head ends a call too; a foreign answer has no messages', () => {
  const { stats, factory, config } = setUp({ kind: 'none' });
  const run = new FilterRun([[factory, config]], grpc);
  run.request([]);
  run.respond({ ...grpc, 'grpc-status': '14' }, []);
  assert.deepEqual(valuesOf(stats, '', 'failure', '14', 'total'), [1, 1, 1]);

  const foreign = new FilterRun([[factory, config]], grpc);
  foreign.request([]);
  foreign.respond({ 'content-type': 'text/html', ':status': '503' }, ['<p>']);
  const local = new FilterRun([[factory, config]], grpc);
  local.request([frame('x')]);
  local.chain.sendLocalReply({ status: 503, body: 'away', details: 'test' });
  assert.equal(local.client.field('grpc-status'), '14');
  assert.deepEqual(valuesOf(stats, '', '14', 'total', 'response_message_count'), [2, 2, 0]);
});

test('upstream_rq_time: from the last byte of the request to the last of the answer', () => {
  for (const [isWanted, expected] of [
    [true, [30]],
    [false, []],
  ] as const) {
    const { stats, factory, config } = setUp({ kind: 'none' }, isWanted);
    const run = new FilterRun([[factory, config]], grpc);
    run.request([frame('x')]);
    run.info.lastUpstreamTxByteMs = 10.5;
    run.info.lastUpstreamByteMs = 41.2;
    run.respond(grpc, [frame('y')], { 'grpc-status': '0' });
    assert.deepEqual(stats.samples('cluster.c.grpc.upstream_rq_time'), expected);
    // There is nothing to time where no upstream was.
    const local = new FilterRun([[factory, config]], grpc);
    local.request([]);
    local.chain.sendLocalReply({ status: 503, body: '', details: 'test' });
    assert.equal(stats.samples('cluster.c.grpc.upstream_rq_time').length, expected.length);
  }
});

test('clients cannot make statistics without end', () => {
  const { stats, factory, config } = setUp({ kind: 'all', replacesDots: false });
  for (let index = 0; index < 1_100; index++) call(factory, config, `/s/m${index}`);
  assert.equal(stats.value('cluster.c.grpc.s.m998.total'), 1);
  assert.equal(stats.value('cluster.c.grpc.s.m1099.total'), 0);
  assert.equal(stats.value('cluster.c.grpc.total'), 100);
  call(factory, config, `/s/${'m'.repeat(300)}`);
  assert.equal(stats.value('cluster.c.grpc.total'), 101);

  for (let status = 0; status < 100; status++) call(factory, config, '/s/m1', String(status));
  assert.deepEqual(valuesOf(stats, 's.m1.', '31', '32', 'total'), [1, 0, 101]);
  for (const status of ['x', 'success', '-1', '1'.repeat(10)]) call(factory, config, '/s/m2', status);
  assert.deepEqual(valuesOf(stats, 's.m2.', 'x', 'success', 'failure', 'total'), [0, 1, 4, 5]);
});

/** A call of the Connect protocol to `/s/m`: its end, and the messages of both sides. */
function connectCall(type: string, answerType: string, status: string, body: readonly string[]): number[] {
  const { stats, factory, config } = setUp({ kind: 'none' });
  const run = new FilterRun([[factory, config]], {
    ':path': '/s/m',
    'content-type': type,
    'connect-protocol-version': '1',
  });
  run.request(bytewise(frame('one') + frame('')));
  run.respond({ 'content-type': answerType, ':status': status }, body);
  const names = ['success', 'failure', 'total', 'request_message_count', 'response_message_count'];
  return valuesOf(stats, '', ...names);
}

const stream = 'application/connect+proto';

test('streams of Connect: messages as in gRPC, and the last one says how it ended', () => {
  for (const [end, success, messages] of [
    [frame('{}', 2), 1, 2],
    [frame('{"metadata":{"a":["b"]}}', 2), 1, 2],
    [frame('{}', 2) + frame('too late'), 1, 2],
    [frame('{"error":{"code":"internal"}}', 2), 0, 2],
    [frame('{"error":null}', 2), 0, 2],
    [frame('[]', 2), 0, 2],
    [frame('', 2), 0, 2],
    [frame('no JSON', 2), 0, 2],
    [frame('{}', 2).slice(0, 6), 0, 2],
    [frame(`{"error":{"message":"${'m'.repeat(100_000)}"}}`, 2), 0, 2],
    ['', 0, 2],
  ] as const) {
    const body = frame('a') + frame('') + end;
    for (const pieces of [[body], body.length < 1_000 ? bytewise(body) : [body]]) {
      const moved = connectCall(stream, stream, '200', pieces);
      assert.deepEqual(moved, [success, 1 - success, 1, 2, messages], end);
    }
  }
});

test('calls of Connect with one message end as their status says', () => {
  for (const status of ['200', '400']) {
    const isSuccess = Number(status === '200');
    const moved = connectCall('application/proto', 'application/proto', status, ['an', 'swer']);
    assert.deepEqual(moved, [isSuccess, 1 - isSuccess, 1, 1, 1]);
  }
  assert.deepEqual(connectCall('application/proto', 'text/plain', '404', []), [0, 1, 1, 1, 0]);
});
