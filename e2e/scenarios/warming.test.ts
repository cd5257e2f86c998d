import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from '../harness/http-call.ts';
import { createHarness, until } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';

/** A check that waits for its answer, so that the test decides when the first health round is over. */
const patientHealthCheck = { ...quickHealthCheck, timeout: '30s' };

test('a new cluster gets no request before its endpoints and its first health round are there', async () => {
  await using harness = createHarness('warming-new');
  const [controlPlane, v1, v2] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2', health: 'hanging' }),
  ]);
  const { rest } = controlPlane;
  await rest.apply(
    service('cart'),
    policy('cart', { healthCheck: patientHealthCheck }),
    instance('cart', 'cart-1', v1.port, { version: 'v1' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  );
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  await untilReachable(client, 'cart');
  await untilBothWorkersAnswered(client, 'cart');

  const load = loadThrough(harness, [client], 'cart');
  await rest.apply(
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    route('cart', [{ version: 'v2', weight: 1 }]),
  );
  await until('the first health check has come', async () => (await v2.healthCheckCount()) > 0);
  const whileWarming = await nextRequests(load, 200);
  assert.deepEqual(whileWarming.byVersion, { v1: whileWarming.requests }, 'the previous route table serves');
  assert.equal(await v2.requestCount(), 0);

  await v2.setHealth('passing');
  await untilOnlyVersion(load, 'v2');
  const { failed, failures } = await load.stop();
  assert.equal(failed, 0, failures.join('\n'));
});

test('an updated cluster keeps serving on the old one until the new one is warm', async () => {
  await using harness = createHarness('warming-updated');
  const [controlPlane, v1] = await Promise.all([startControlPlane(harness), startService(harness)]);
  const { rest } = controlPlane;
  await rest.apply(
    service('cart'),
    policy('cart', { healthCheck: patientHealthCheck }),
    instance('cart', 'cart-1', v1.port),
    route('cart'),
  );
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  await untilReachable(client, 'cart');
  await untilBothWorkersAnswered(client, 'cart');

  const load = loadThrough(harness, [client], 'cart');
  await v1.setHealth('hanging');
  await rest.apply(
    policy('cart', { healthCheck: patientHealthCheck, circuitBreaker: { maxConnections: 77 } }),
  );
  const isWarming = async (): Promise<boolean> =>
    (await client.admin.stat('cluster_manager.warming_clusters')) > 0;
  await until('the new cluster warms', isWarming);
  const whileWarming = await nextRequests(load, 200);
  assert.equal(whileWarming.failed, 0, whileWarming.failures.join('\n'));
  assert.ok(await isWarming(), 'it warmed all the time');

  await v1.setHealth('passing');
  await until('the new cluster is warm', async () => !(await isWarming()));
  const lines = await client.admin.clusterLines();
  assert.ok(lines.includes('cart::default_priority::max_connections::77'), lines.join('\n'));
  const after = await nextRequests(load, 100);
  await load.stop();
  assert.equal(after.failed, 0, after.failures.join('\n'));
});

test('a service without any endpoint answers at once', async () => {
  await using harness = createHarness('warming-empty');
  const controlPlane = await startControlPlane(harness);
  await controlPlane.rest.apply(
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    route('cart'),
  );
  const client = await startSidecar(harness, { id: 'client', controlPlane, upstreams: ['cart'] });
  const answer = await until('the route is there', async () => {
    const { status, body, durationMs } = await call(client.outboundPort, '/', { host: 'cart' });
    return status === 503 && { body, durationMs };
  });
  await untilBothWorkersAnswered(client, 'cart');
  assert.equal(answer.body, 'no healthy upstream');
  assert.ok(answer.durationMs < 1000, `after ${answer.durationMs} ms`);
});
