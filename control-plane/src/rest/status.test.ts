import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRestFixture, problemsOf } from './rest-app.fixture.ts';

const lease = { ttlSeconds: 10 };

describe('/v1/status', () => {
  it('shows the registry and what is held, and lets the operator accept the loss', async (test) => {
    const rest = await createRestFixture(test);
    await rest.send('PUT', '/v1/services/cart', {});
    for (const id of ['1', '2']) {
      const spec = { address: '10.0.0.1', port: 80, lease };
      await rest.send('PUT', `/v1/services/cart/instances/${id}`, spec);
    }
    const quiet = await rest.send('GET', '/v1/status');
    assert.deepEqual(quiet.json, {
      registry: { state: 'available', revision: 3 },
      held: [],
      snapshots: { publishCount: 0, rejectedCount: 0 },
    });
    problemsOf(await rest.send('POST', '/v1/services/cart/accept-loss'), 404, 'not-found');

    const heldAt = rest.clock.now() + 10_000;
    rest.clock.advance(11_000);
    const held = await rest.send('GET', '/v1/status');
    assert.deepEqual(held.json['held'], [
      { service: 'cart', instances: ['1', '2'], totalCount: 2, since: heldAt },
    ]);
    const instances = await rest.send('GET', '/v1/services/cart/instances');
    assert.equal((instances.json['items'] as unknown[]).length, 2);

    const accepted = await rest.send('POST', '/v1/services/cart/accept-loss');
    assert.deepEqual([accepted.status, accepted.json], [200, { instanceCount: 2 }]);
    assert.deepEqual((await rest.send('GET', '/v1/status')).json['held'], []);
    assert.equal((await rest.send('GET', '/v1/services/cart/instances/1')).status, 404);
  });

  it('has no store to take when none is held back', async (test) => {
    const rest = await createRestFixture(test);
    problemsOf(await rest.send('POST', '/v1/registry/accept-loss'), 404, 'not-found');
  });
});
