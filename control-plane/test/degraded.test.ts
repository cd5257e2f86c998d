import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { usePeer } from '@heddle/shared/testing/peers';
import { createRedisServer } from '@heddle/shared/testing/redis-server';
import { ackOf, connectSotw, nodeNamed } from './ads-client.ts';
import { get, put, startTestControlPlane } from './mesh-harness.ts';
import { CDS } from './xds-harness.ts';

const redis = usePeer('redis-server');

function service(name: string): MeshObject {
  return { kind: 'Service', metadata: { name } };
}

test(
  'two control planes share one mesh; with Redis away both serve what they knew',
  { skip: redis.skip },
  async () => {
    const server = await createRedisServer(redis.path);
    await server.start();
    const settings = { registry: { kind: 'redis', url: server.url } } as const;
    const one = await startTestControlPlane(settings);
    const two = await startTestControlPlane(settings);
    const client = connectSotw(two.xdsPort);
    const late = connectSotw(two.xdsPort);
    try {
      client.send({ node: nodeNamed('n1'), typeUrl: CDS });
      const first = await client.next(CDS);
      assert.equal(first.resources.length, 0);
      client.send(ackOf(first));
      await put(one, service('web'));
      const second = await client.next(CDS);
      assert.equal(second.resources.length, 1, 'written on one, served by the other');
      client.send(ackOf(second));

      await server.kill();
      const refused = await fetch(`http://127.0.0.1:${two.restPort}/v1/services/cart`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(service('cart')),
      });
      assert.equal(refused.status, 503);
      assert.equal((await fetch(`http://127.0.0.1:${two.restPort}/readyz`)).status, 200);
      late.send({ node: nodeNamed('n2'), typeUrl: CDS });
      assert.equal(
        (await late.next(CDS)).versionInfo,
        second.versionInfo,
        'who connects now gets the last known state',
      );
      assert.equal(client.hasNext(CDS), false, 'and nothing is taken away from the others');
      assert.ok(await get(two, '/v1/services/web'));
    } finally {
      client[Symbol.dispose]();
      late[Symbol.dispose]();
      await Promise.all([one.stop(), two.stop()]);
      await server.remove();
    }
  },
);

test('a control plane that starts again serves the same versions', async () => {
  const first = await startTestControlPlane();
  const second = await startTestControlPlane();
  const clients = [connectSotw(first.xdsPort), connectSotw(second.xdsPort)];
  try {
    const versions: string[] = [];
    for (const [index, controlPlane] of [first, second].entries()) {
      await put(controlPlane, service(index === 0 ? 'web' : 'cart'));
      await put(controlPlane, service(index === 0 ? 'cart' : 'web'));
      const client = clients[index]!;
      client.send({ node: nodeNamed('n'), typeUrl: CDS });
      let response = await client.next(CDS);
      while (response.resources.length < 2) {
        client.send(ackOf(response));
        response = await client.next(CDS);
      }
      versions.push(response.versionInfo);
    }
    assert.equal(versions[0], versions[1]);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
    await Promise.all([first.stop(), second.stop()]);
  }
});
