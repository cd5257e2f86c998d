import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createHarness, until } from '../harness/harness.ts';
import { instance, policy, route, service } from '../harness/objects.ts';
import { startControlPlane, startService, startSidecar, untilReachable } from '../harness/parts.ts';
import { untilMarked, withMarker } from '../load/marker.ts';
import { EchoClient, startEchoServer } from '../load/websocket-echo.ts';

/** How many messages are echoed in all; the release check takes 100,000. */
const messageCount = Number(process.env['HEDDLE_WEBSOCKET_MESSAGES'] ?? 4_000);
const clientCount = 8;

test('WebSockets through two sidecars: every message comes back, and unrelated changes close none', async () => {
  await using harness = createHarness('websocket');
  const [controlPlane, other, echo] = await Promise.all([
    startControlPlane(harness),
    startService(harness),
    startEchoServer(),
  ]);
  harness.onEnd(() => echo.close());
  const { rest } = controlPlane;
  await rest.apply(service('chat'), service('other'), instance('other', 'other-1', other.port));
  const [client, server] = await Promise.all([
    startSidecar(harness, { id: 'client', controlPlane, upstreams: ['chat', 'other'] }),
    startSidecar(harness, { id: 'server', controlPlane, service: 'chat', appPort: echo.port }),
  ]);
  await rest.apply(instance('chat', 'chat-1', server.inboundPort));
  await untilReachable(client, 'chat');
  await untilReachable(client, 'other');

  const rng = createSeededRng(1);
  const clients = await Promise.all(
    Array.from({ length: clientCount }, () => EchoClient.open(client.outboundPort, 'chat')),
  );
  const upgrades = async (proxy: typeof client): Promise<number> =>
    [...(await proxy.admin.stats('downstream_cx_upgrades_active')).values()].reduce(
      (sum, value) => sum + value,
      0,
    );
  assert.deepEqual(await Promise.all([upgrades(client), upgrades(server)]), [clientCount, clientCount]);

  const echoing = Promise.all(clients.map((each) => each.exchange(messageCount / clientCount, rng)));
  for (let change = 0; change < 10; change++) {
    const marker = `change-${change}`;
    await rest.apply(
      withMarker(route('other'), marker),
      policy('other', { timeouts: { request: `${change + 1}s` } }),
      instance('other', `other-${change}`, other.port, { version: `v${change}` }),
      service(`new-${change}`),
      // Of the same service, but equal to what is there.
      instance('chat', 'chat-1', server.inboundPort),
    );
    await untilMarked(client, 'other', marker);
  }
  await echoing;
  // After the last change too, so that a connection that is only about to close shows it.
  await Promise.all(clients.map((each) => each.exchange(10, rng)));
  assert.deepEqual(
    clients.map(({ end, echoedCount }) => [end, echoedCount]),
    clients.map(() => [undefined, messageCount / clientCount + 10]),
  );

  await Promise.all(clients.map((each) => each.close()));
  for (const proxy of [client, server]) {
    await until(`${proxy.id} has no upgrade`, async () => (await upgrades(proxy)) === 0);
  }
});
