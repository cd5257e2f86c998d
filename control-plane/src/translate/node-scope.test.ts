import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { JsonObject } from '@heddle/shared/xds/json-value';
import { parseNodeScope, wouldLoop } from './node-scope.ts';

function parse(heddle: JsonObject | undefined) {
  return parseNodeScope({ id: 'n1', ...(heddle === undefined ? {} : { metadata: { heddle } }) });
}

test('a node that says nothing gets every service and no inbound listener', () => {
  const outbound = {
    upstreams: undefined,
    address: '127.0.0.1',
    port: 15_001,
    hasServicePorts: true,
    source: undefined,
  };
  assert.deepEqual(parse(undefined), { outbound, inbound: undefined });
  assert.deepEqual(parseNodeScope({ id: 'n', metadata: { other: 1 } }), { outbound, inbound: undefined });
});

test('a proxy without an ADS stream names the cluster of its bootstrap that it asks instead', () => {
  const source = { cluster: 'xds', apiType: 'GRPC', refreshMs: 5_000 };
  const scope = parse({ service: 'cart', configSource: { cluster: 'xds' } });
  assert.deepEqual([scope.outbound.source, scope.inbound?.source], [source, source]);
  assert.throws(
    () => parse({ configSource: { cluster: '', apiType: 'ADS' } }),
    /node\.metadata\.heddle\.configSource/,
  );
});

test('upstreams are a set: order and doubles make no difference', () => {
  assert.deepEqual(parse({ upstreams: ['b', 'a', 'b'] }).outbound.upstreams, ['a', 'b']);
  assert.deepEqual(parse({ upstreams: [] }).outbound.upstreams, []);
});

test('a service asks for an inbound listener; its instance is the node unless it says another', () => {
  const inbound = {
    service: 'cart',
    address: '0.0.0.0',
    port: 15_006,
    appAddress: '127.0.0.1',
    appPort: undefined,
    source: undefined,
  };
  assert.deepEqual(parse({ service: 'cart' }).inbound, { ...inbound, instance: 'n1' });
  assert.deepEqual(
    parse({ service: 'cart', instance: 'i', appPort: 8080, inboundAddress: '::', inboundPort: 1 }).inbound,
    {
      ...inbound,
      address: '::',
      port: 1,
      appPort: 8080,
      instance: 'i',
    },
  );
});

test('every problem is named with its place, unknown keys with a suggestion', () => {
  assert.throws(
    () => parse({ upstream: ['a'], outboundPort: 0, upstreams: ['Not A Name'], listenAddress: 'host' }),
    (thrown: unknown) => {
      assert.ok(thrown instanceof InvalidInputError);
      const paths = thrown.problems.map((problem) => problem.path).sort();
      const start = 'node.metadata.heddle.';
      assert.deepEqual(paths, [
        `${start}listenAddress`,
        `${start}outboundPort`,
        `${start}upstream`,
        `${start}upstreams.0`,
      ]);
      assert.match(thrown.message, /upstreams/);
      return true;
    },
  );
});

test('an application port that is the inbound port would come back to the proxy', () => {
  const scope = (heddle: JsonObject) => parse({ service: 'cart', ...heddle }).inbound!;
  const rows: [JsonObject, number, boolean][] = [
    [{}, 15_006, true],
    [{}, 8080, false],
    [{ inboundAddress: '10.0.0.1' }, 15_006, false],
    [{ inboundAddress: '127.0.0.1' }, 15_006, true],
    [{ inboundAddress: '::', appAddress: '::1' }, 15_006, true],
  ];
  for (const [heddle, appPort, expected] of rows) {
    assert.equal(wouldLoop(scope(heddle), appPort), expected, JSON.stringify([heddle, appPort]));
  }
});
