import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionLimits, readConnectionLimits } from './connection-limits.ts';

test('without the keys nothing is limited; values that are no whole numbers count as not set', () => {
  const settings = readConnectionLimits(
    {
      'overload.global_downstream_max_connections': 'many',
      'envoy.resource_limits.listener.a.connection_limit': 1.5,
      'envoy.resource_limits.listener.b': 1,
    },
    2,
  );
  assert.equal(settings.globalMax, undefined);
  assert.deepEqual(settings.listeners, []);
  const limits = new ConnectionLimits(settings, 0);
  for (let count = 0; count < 1000; count++) limits.count('a', 1);
  assert.equal(limits.exceeded('a', undefined), undefined);
});

test('a limit of a listener holds for all workers together, and for that listener only', () => {
  const settings = readConnectionLimits({ 'envoy.resource_limits.listener.shop.eu.connection_limit': 3 }, 2);
  const [first, second] = [new ConnectionLimits(settings, 0), new ConnectionLimits(settings, 1)];
  first.count('shop.eu', 1);
  first.count('shop.eu', 1);
  assert.equal(second.exceeded('shop.eu', undefined), undefined);
  second.count('shop.eu', 1);
  assert.equal(first.exceeded('shop.eu', undefined), 'listener');
  assert.equal(second.exceeded('shop.eu', undefined), 'listener');
  assert.equal(first.exceeded('other', undefined), undefined);
  first.count('shop.eu', -1);
  assert.equal(second.exceeded('shop.eu', undefined), undefined);
});

test('the global limit counts every listener, and comes first; a worker that is started again holds nothing', () => {
  const settings = readConnectionLimits(
    {
      'overload.global_downstream_max_connections': '2',
      'envoy.resource_limits.listener.a.connection_limit': 1,
    },
    2,
  );
  const [first, second] = [new ConnectionLimits(settings, 0), new ConnectionLimits(settings, 1)];
  first.count('a', 1);
  second.count('b', 1);
  assert.equal(first.exceeded('c', undefined), 'global');
  assert.equal(first.exceeded('a', undefined), 'global');
  assert.equal(first.exceeded('a', true), 'listener');
  const again = new ConnectionLimits(settings, 0);
  assert.equal(again.exceeded('a', undefined), undefined);
});
