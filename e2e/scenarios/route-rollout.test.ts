import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHarness } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';
import { untilMarked, withMarker } from '../load/marker.ts';

const sampleSize = 1000;
/** Four standard deviations of a share of one half. */
const tolerance = 4 * Math.sqrt(0.25 / sampleSize);

test('a rollout moves the shares it says and fails no request', async () => {
  await using harness = createHarness('route-rollout');
  const [controlPlane, v1, v2] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
  ]);
  const { rest } = controlPlane;
  const split = (weight: number) =>
    withMarker(
      route('cart', [
        { version: 'v1', weight: 100 - weight },
        { version: 'v2', weight },
      ]),
      `v2-${weight}`,
    );
  await rest.apply(
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    instance('cart', 'cart-1', v1.port, { version: 'v1' }),
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    split(0),
  );
  // A sidecar on each side: the client's outbound and the server's inbound listener are both on the way.
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  await untilReachable(client, 'cart');
  await untilBothWorkersAnswered(client, 'cart');

  const load = loadThrough(harness, [client], 'cart', { requestsPerSecond: 1000 });
  let failed = 0;
  for (const weight of [10, 50, 100, 0]) {
    await rest.apply(split(weight));
    await untilMarked(client, 'cart', `v2-${weight}`);
    failed += load.report().failed;
    if (weight === 100 || weight === 0) await untilOnlyVersion(load, weight === 100 ? 'v2' : 'v1');
    const { requests, byVersion, failures, ...counts } = await nextRequests(load, sampleSize);
    failed += counts.failed;
    const share = (byVersion['v2'] ?? 0) / requests;
    assert.ok(Math.abs(share - weight / 100) <= tolerance, `${weight} %: v2 has a share of ${share}`);
    assert.deepEqual(failures, []);
  }
  await load.stop();
  assert.equal(failed, 0);
});
