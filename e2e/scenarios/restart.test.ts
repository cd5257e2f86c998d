import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHarness } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';

test('a control plane that was killed: traffic flows, what was acknowledged is there, changes arrive again', async () => {
  await using harness = createHarness('restart');
  const [controlPlane, v1, v2] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
  ]);
  const { rest } = controlPlane;
  await rest.apply(
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    instance('cart', 'cart-1', v1.port, { version: 'v1' }),
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  );
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  await untilReachable(client, 'cart');
  await untilBothWorkersAnswered(client, 'cart');
  const load = loadThrough(harness, [client], 'cart');
  await nextRequests(load, 50);

  // The write is acknowledged, and then there is no time for anything else.
  await rest.apply(service('added'), instance('added', 'added-1', v2.port));
  await controlPlane.kill();
  const alone = await nextRequests(load, 300);
  assert.deepEqual(alone.byVersion, { v1: alone.requests });
  assert.equal(alone.failed, 0, alone.failures.join('\n'));

  await controlPlane.restart();
  const added = (await rest.get('/v1/services/added/instances/added-1')) as {
    readonly spec: { readonly port: number };
  };
  assert.equal(added.spec.port, v2.port);
  await rest.apply(route('cart', [{ version: 'v2', weight: 1 }]));
  await untilOnlyVersion(load, 'v2');
  const { failed, failures } = await load.stop();
  assert.equal(failed, 0, failures.join('\n'));
});
