import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { RefusedError, type RestClient, type RestRequest } from '../client/rest-client.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import type { InstancePlan } from './mesh-plan.ts';

const instance = { id: 'cart-1', service: 'cart', inboundPort: 15_006 } as InstancePlan;

function setUp() {
  const clock = createFakeClock();
  const sent: string[] = [];
  const troubles: string[] = [];
  let answer: () => void = () => undefined;
  const client: RestClient = {
    server: '',
    send({ method = 'GET', path }: RestRequest) {
      sent.push(`${method} ${path}`);
      return Promise.resolve().then(() => {
        if (path.endsWith('/renew')) answer();
        return { status: 204, body: undefined, etag: undefined };
      });
    },
  };
  const leases = createLeaseKeeper({ client, clock, onTrouble: (text) => troubles.push(text) });
  /** One round of renewals, with everything that follows from it. */
  async function round(): Promise<void> {
    clock.advance(4000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    leases,
    sent,
    troubles,
    round,
    answerWith: (next: () => void) => void (answer = next),
  };
}

const gone = (): never => {
  throw new RefusedError('not-found', 'gone', 404, []);
};
const away = (): never => {
  throw new HeddleError('peer-unreachable', 'no control plane');
};

test('a lease is renewed in time, and no longer after the drop', async () => {
  const { leases, sent, round } = setUp();
  leases.keep(instance);
  await round();
  await round();
  assert.deepEqual(sent, Array(2).fill('POST /v1/services/cart/instances/cart-1/renew'));
  leases.drop('cart-1');
  await round();
  assert.equal(sent.length, 2);
  leases.stop();
});

test('an instance that somebody deleted stays out', async () => {
  const { leases, sent, troubles, round, answerWith } = setUp();
  leases.keep(instance);
  await round();
  answerWith(gone);
  await round();
  await round();
  assert.equal(sent.length, 2, 'neither registered again nor renewed');
  assert.deepEqual(troubles, ['cart/cart-1 was deregistered by somebody and stays out']);
  leases.stop();
});

test('an instance whose lease ran out while nobody could renew it is registered again', async () => {
  const { leases, sent, troubles, round, answerWith } = setUp();
  leases.keep(instance);
  answerWith(away);
  for (let index = 0; index < 4; index++) await round();
  assert.deepEqual(troubles, ['leases cannot be renewed: no control plane'], 'said once');
  answerWith(gone);
  await round();
  assert.equal(sent.at(-1), 'POST /v1/apply');
  answerWith(() => undefined);
  await round();
  assert.match(sent.at(-1) ?? '', /renew$/);
  leases.stop();
});
