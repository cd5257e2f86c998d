import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import {
  startControlPlane,
  startRedis,
  startService,
  startSidecar,
  untilReachable,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { untilOnlyVersion } from '../load/traffic.ts';

const redis = usePeer('redis-server');

test('two control planes with one Redis are one mesh', { skip: redis.skip }, async () => {
  await using harness = createHarness('two-control-planes');
  const redisUrl = await startRedis(harness, redis.path);
  const [one, two, v1, v2] = await Promise.all([
    startControlPlane(harness, { name: 'one', redisUrl }),
    startControlPlane(harness, { name: 'two', redisUrl }),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
  ]);
  await one.rest.apply(
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    instance('cart', 'cart-1', v1.port, { version: 'v1' }),
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  );
  const clients = await Promise.all(
    [one, two].map((controlPlane, index) =>
      startSidecar(harness, { id: `client-${index + 1}`, controlPlane, upstreams: ['cart'] }),
    ),
  );
  for (const client of clients) {
    await untilReachable(client, 'cart');
    await untilBothWorkersAnswered(client, 'cart');
  }
  const loads = clients.map((client) => loadThrough(harness, [client], 'cart', { requestsPerSecond: 150 }));

  // What is written at one arrives at the proxies of both, either way.
  await two.rest.apply(route('cart', [{ version: 'v2', weight: 1 }]));
  await Promise.all(loads.map((load) => untilOnlyVersion(load, 'v2')));
  await two.kill();
  await one.rest.apply(route('cart', [{ version: 'v1', weight: 1 }]));
  await untilOnlyVersion(loads[0]!, 'v1');
  await two.restart();
  await untilOnlyVersion(loads[1]!, 'v1');
  for (const load of loads) {
    const { failed, failures } = await load.stop();
    assert.equal(failed, 0, failures.join('\n'));
  }
});
