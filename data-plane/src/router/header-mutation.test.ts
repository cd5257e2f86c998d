import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HeaderMap } from '../codec/header-map.ts';
import type { HeaderAddition } from '../config/model/header-mutation.ts';
import { StreamInfoRecord } from '../downstream/http/stream-info-record.ts';
import { applyHeaderChanges, compileRequestChanges, type HeaderChanges } from './header-mutation.ts';
import { noMutation } from './testing/route-fixtures.ts';

function add(
  name: string,
  value: string,
  action: HeaderAddition['action'] = 'append',
  keepEmptyValue = false,
): HeaderAddition {
  return { name, value, action, keepEmptyValue };
}

function level(requestRemove: readonly string[], ...requestAdd: HeaderAddition[]): HeaderChanges {
  const changes = compileRequestChanges({ ...noMutation, requestRemove, requestAdd });
  assert.ok(changes !== undefined);
  return changes;
}

function apply(levels: readonly HeaderChanges[], fields: Record<string, string>): string[] {
  const headers = HeaderMap.of(fields);
  const streamInfo = new StreamInfoRecord({
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
  applyHeaderChanges(levels, headers, {
    streamInfo,
    requestHeaders: headers,
    responseHeaders: undefined,
    responseTrailers: undefined,
  });
  return [...headers].map(([name, value]) => `${name}: ${value}`);
}

test('append actions', () => {
  assert.deepEqual(apply([level([], add('a', '2'))], { a: '1' }), ['a: 1', 'a: 2']);
  assert.deepEqual(apply([level([], add('a', '2', 'add-if-absent'))], { a: '1' }), ['a: 1']);
  assert.deepEqual(apply([level([], add('a', '2', 'overwrite-or-add'))], { a: '1' }), ['a: 2']);
  assert.deepEqual(apply([level([], add('a', '2', 'overwrite-or-add'))], {}), ['a: 2']);
  assert.deepEqual(apply([level([], add('a', '2', 'overwrite-if-exists'))], {}), []);
  assert.deepEqual(apply([level([], add('a', '2', 'overwrite-if-exists'))], { a: '1' }), ['a: 2']);
});

test('within a level: removals, then decisions on what is there, then overwrites, then appends', () => {
  assert.deepEqual(apply([level(['a'], add('a', '2', 'add-if-absent'))], { a: '1' }), ['a: 2']);
  assert.deepEqual(apply([level([], add('a', '1', 'add-if-absent'), add('a', '2', 'add-if-absent'))], {}), [
    'a: 1',
    'a: 2',
  ]);
  assert.deepEqual(apply([level([], add('a', 'x'), add('a', 'o', 'overwrite-or-add'))], {}), [
    'a: o',
    'a: x',
  ]);
  assert.deepEqual(apply([level([], add('a', '1'), add('a', '2', 'overwrite-if-exists'))], {}), ['a: 1']);
  assert.deepEqual(apply([level([], add('a', '1'), add('b', '%REQ(a)%', 'append', true))], {}), [
    'a: 1',
    'b: ',
  ]);
});

test('between levels the later one sees the earlier one', () => {
  assert.deepEqual(apply([level([], add('a', '1')), level(['a'])], {}), []);
  assert.deepEqual(apply([level([], add('a', '1')), level([], add('b', '%REQ(a)%'))], {}), ['a: 1', 'b: 1']);
});

test('empty values are left out unless they are wanted', () => {
  assert.deepEqual(apply([level([], add('a', '%REQ(none)%'))], {}), []);
  assert.deepEqual(apply([level([], add('a', '', 'overwrite-or-add'))], { a: 'client' }), ['a: client']);
  assert.deepEqual(apply([level([], add('a', '[%REQ(none)%]'))], {}), ['a: []']);
});

test('names that have one field are joined; text beyond ASCII goes out as UTF-8', () => {
  assert.deepEqual(apply([level([], add('user-agent', 'x'))], { 'user-agent': 'u' }), ['user-agent: u,x']);
  const [field = ''] = apply([level([], add('a', 'é'))], {});
  assert.equal(Buffer.from(field, 'latin1').toString('utf8'), 'a: é');
});
