import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHarness } from '../harness/harness.ts';
import { runShell } from '../harness/heddle-command.ts';
import { call } from '../harness/http-call.ts';
import { instance, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests } from '../load/traffic.ts';

test('an instance is usable when its registration returns, and gets nothing when its deregistration has', async () => {
  await using harness = createHarness('joining-and-leaving');
  const [controlPlane, one, two] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'one' }),
    startService(harness, { version: 'two' }),
  ]);
  const { rest } = controlPlane;
  await rest.apply(service('cart'), instance('cart', 'cart-1', one.port));
  const clients = await Promise.all([
    startSidecar(harness, { id: 'client-1', controlPlane }),
    startSidecar(harness, { id: 'client-2', controlPlane, isDelta: false }),
  ]);
  for (const client of clients) {
    await untilReachable(client, 'cart');
    await untilBothWorkersAnswered(client, 'cart');
  }
  const load = loadThrough(harness, clients, 'cart', { requestsPerSecond: 200 });
  const heddle = async (words: string): Promise<void> => {
    const result = await runShell(`sh cli/bin/heddle ${words} --wait --server http://127.0.0.1:${rest.port}`);
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stdout, /2 proxies have acknowledged/);
  };
  await nextRequests(load, 50);

  await heddle(`register cart cart-2 --port ${two.port}`);
  assert.ok(((await nextRequests(load, 60)).byVersion['two'] ?? 0) > 0, 'usable, and used');

  // Maintenance: it stays registered, and gets nothing.
  await heddle(`register cart cart-2 --port ${two.port} --health draining`);
  const inMaintenance = await two.requestCount();
  await nextRequests(load, 60);
  assert.equal(await two.requestCount(), inMaintenance);
  await heddle(`register cart cart-2 --port ${two.port} --health healthy`);
  assert.ok(((await nextRequests(load, 60)).byVersion['two'] ?? 0) > 0);

  // It leaves: what it was asked for before ends well, nothing comes afterwards, and its end costs nothing.
  const inFlight = clients.flatMap((client) =>
    Array.from({ length: 8 }, () => call(client.outboundPort, '/slow?ms=2500', { host: 'cart' })),
  );
  await heddle('deregister cart cart-1');
  const atDeparture = await one.requestCount();
  const answers = await Promise.all(inFlight);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const slowByOne = answers.filter(({ headers }) => headers['x-version'] === 'one').length;
  assert.ok(slowByOne > 0, 'some were in flight there');
  await nextRequests(load, 60);
  assert.equal(await one.requestCount(), atDeparture);
  one.process.kill('SIGKILL');
  await nextRequests(load, 60);
  const { failed, failures } = await load.stop();
  assert.equal(failed, 0, failures.join('\n'));
});
