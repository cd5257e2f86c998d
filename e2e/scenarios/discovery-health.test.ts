import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHarness, until } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';

test('discovered or absent, passing or failing: health decides, and absent and failing is gone', async () => {
  await using harness = createHarness('discovery-health');
  const [controlPlane, one, two] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'one' }),
    startService(harness, { version: 'two' }),
  ]);
  const { rest } = controlPlane;
  await rest.apply(
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    instance('cart', 'cart-1', one.port),
    instance('cart', 'cart-2', two.port),
    route('cart', [], 2),
  );
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  await untilReachable(client, 'cart');
  await untilBothWorkersAnswered(client, 'cart');
  const load = loadThrough(harness, [client], 'cart');
  const isListed = async (): Promise<boolean> =>
    (await client.admin.clusterLines()).some((line) => line.startsWith(`cart::127.0.0.1:${two.port}::`));

  // discovered and passing: routed
  await until('both answer', async () => {
    const { byVersion } = await nextRequests(load, 30);
    return (byVersion['one'] ?? 0) > 0 && (byVersion['two'] ?? 0) > 0;
  });

  // discovered and failing: not routed, still known
  await two.setHealth('failing');
  await untilOnlyVersion(load, 'one');
  assert.equal((await nextRequests(load, 100)).byVersion['two'], undefined);
  assert.ok(await isListed());

  // absent and passing: still routed
  await two.setHealth('passing');
  await until('both answer again', async () => ((await nextRequests(load, 30)).byVersion['two'] ?? 0) > 0);
  const updatesBefore = await client.admin.stat('cluster.cart.update_success');
  await rest.delete('/v1/services/cart/instances/cart-2');
  await until('the sidecar has heard of it', async () => {
    return (await client.admin.stat('cluster.cart.update_success')) > updatesBefore;
  });
  const absentPassing = await nextRequests(load, 100);
  assert.ok((absentPassing.byVersion['two'] ?? 0) > 20, JSON.stringify(absentPassing.byVersion));

  // absent and failing: not routed, and deleted
  await two.setHealth('failing');
  await until('it is deleted', async () => !(await isListed()));
  // Answers of it may be under way still.
  await untilOnlyVersion(load, 'one');
  assert.deepEqual(Object.keys((await nextRequests(load, 100)).byVersion), ['one']);
  const { failed, failures } = await load.stop();
  assert.equal(failed, 0, failures.join('\n'));
});
