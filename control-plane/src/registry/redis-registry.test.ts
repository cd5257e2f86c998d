import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { Redis } from 'ioredis';
import { usePeer } from '@heddle/shared/testing/peers';
import { createRedisServer, type RedisServer } from '@heddle/shared/testing/redis-server';
import { applyChanges } from './apply-changes.ts';
import { createRedisRegistry } from './redis-registry.ts';
import { RedisStore } from './redis-store.ts';
import {
  describeRegistryContract,
  instance,
  nextChanges,
  nextEvent,
  put,
  remove,
  revisionOf,
  service,
} from './registry.contract.ts';
import type { Registry, StoreRefill } from './registry.ts';

const { skip, path: redisProgram } = usePeer('redis-server');
let server: RedisServer;
let admin: Redis;
let prefixCount = 0;
const newPrefix = (): string => `test-${++prefixCount}`;

before(async () => {
  if (skip !== false) return;
  server = await createRedisServer(redisProgram);
  await server.start();
  admin = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
});
after(async () => {
  if (skip !== false) return;
  admin.disconnect();
  await server.remove();
});

const create = (prefix: string, url = server.url): Registry =>
  createRedisRegistry({ url, prefix, clock: systemClock, logger: createSilentLogger(), historyCount: 8 });

async function open(test: TestContext, prefix: string): Promise<Registry> {
  const registry = create(prefix);
  test.after(() => registry.close());
  await untilRead(registry);
  return registry;
}

async function untilRead(registry: Registry): Promise<void> {
  const events = registry.watch();
  assert.equal((await nextEvent(events)).kind, 'reset');
  await events.return?.();
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 10_000;
  while (!condition()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await sleep(systemClock, 10);
  }
}

describeRegistryContract(
  'Redis',
  async () => {
    const prefix = newPrefix();
    const registry = create(prefix);
    await untilRead(registry);
    await until(() => registry.status().kind === 'available', 'both connections stand');
    return {
      registry,
      passTime: async (durationMs) => {
        const movedMs = await admin.hincrby(`{${prefix}}:state`, 'leaseClockMs', durationMs);
        // The next tick moves the clock on by itself, and removes what is due.
        while (Number(await admin.hget(`{${prefix}}:state`, 'leaseClockMs')) <= movedMs)
          await sleep(systemClock, 20);
      },
      dispose: () => registry.close(),
    };
  },
  skip,
);

/** The other tests need a server, whatever becomes of this one. */
async function killServer(test: TestContext): Promise<void> {
  test.after(() => server.start());
  await server.kill();
}

/** Tries again while the store is away: the loss may not have been noticed yet when the test goes on. */
async function putOnceBack(registry: Registry, value: MeshObject): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 10_000;
  for (;;) {
    try {
      await put(registry, value);
      return;
    } catch (thrown) {
      if (systemClock.monotonicMs() > deadlineMs) throw thrown;
      await sleep(systemClock, 10);
    }
  }
}

describe('Redis registry', { skip }, () => {
  it('shows a write of one control plane to another', async (test) => {
    const prefix = newPrefix();
    const [left, right] = await Promise.all([open(test, prefix), open(test, prefix)]);
    const events = right.watch({ fromRevision: 0 });
    await put(left, service('cart'));
    assert.deepEqual(
      (await nextChanges(events)).map((change) => change.key),
      ['service/cart'],
    );
    assert.deepEqual(right.get('service/cart'), left.get('service/cart'));
    assert.equal((await put(right, service('cart', 'tcp'), 1)).kind, 'committed');
    assert.equal((await put(left, service('cart'), 1)).kind, 'mismatch');
  });

  it('a stale answer comes after the copy has seen what made it stale', async (test) => {
    const prefix = newPrefix();
    const [left, right] = await Promise.all([open(test, prefix), open(test, prefix)]);
    for (let round = 1; round <= 20; round++) {
      await put(left, instance('1', undefined, round));
      const conditions = [{ kind: 'key' as const, key: 'instance/cart/1', revision: round - 1 }];
      const result = await right.transact({ writes: [{ kind: 'delete', key: 'service/x' }], conditions });
      assert.equal(result.kind, 'stale');
      assert.equal(right.get('instance/cart/1')?.modifyRevision, round);
    }
  });

  it('resumes from the log after its connections were cut, without a reset', async (test) => {
    const prefix = newPrefix();
    const [left, right] = await Promise.all([open(test, prefix), open(test, prefix)]);
    const events = right.watch({ fromRevision: 0 });
    await put(left, service('a'));
    assert.equal((await nextChanges(events)).length, 1);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await putOnceBack(left, service('b'));
    assert.deepEqual(
      (await nextChanges(events)).map((change) => change.key),
      ['service/b'],
    );
  });

  it('reads everything again when the log no longer holds what comes next', async (test) => {
    const prefix = newPrefix();
    const registry = await open(test, prefix);
    const events = registry.watch({ fromRevision: 0 });
    await put(registry, service('a'));
    await nextChanges(events);
    await admin
      .multi()
      .hset(`{${prefix}}:objects`, 'service/b', `2 2 0 ${JSON.stringify(service('b'))}`)
      .hset(`{${prefix}}:state`, 'revision', 3)
      .xadd(`{${prefix}}:log`, '3-0', 'changes', '[]')
      .exec();
    assert.deepEqual(await nextEvent(events), { kind: 'reset', revision: 3 });
    assert.ok(registry.get('service/b') !== undefined);
  });

  it('refuses writes and serves the last known state while Redis is away, and reconciles when it is back', async (test) => {
    const prefix = newPrefix();
    const registry = await open(test, prefix);
    await put(registry, service('cart'));
    await put(registry, instance('1', 60));
    const events = registry.watch({ fromRevision: 2 });
    await killServer(test);
    await until(() => registry.status().kind === 'unavailable', 'the loss is noticed');
    await assert.rejects(put(registry, service('shop')), {
      code: 'registry-unavailable',
      message: /^Redis: (?!.*enableOfflineQueue)/,
    });
    await assert.rejects(registry.renew('instance/cart/1'), { code: 'registry-unavailable' });
    assert.equal(registry.list('').length, 2);
    await server.start();
    await putOnceBack(registry, service('shop'));
    assert.deepEqual(
      (await nextChanges(events)).map((change) => change.key),
      ['service/shop'],
    );
    assert.equal(registry.list('').length, 3);
  });

  it('refuses writes within seconds when Redis hangs', async (test) => {
    const registry = await open(test, newPrefix());
    server.freeze();
    test.after(() => server.thaw());
    await assert.rejects(put(registry, service('cart')), { code: 'registry-unavailable' });
    server.thaw();
    await putOnceBack(registry, service('shop'));
    assert.ok(registry.get('service/shop') !== undefined);
  });

  it('is loading, and serves nothing, until Redis could be read', async (test) => {
    const prefix = newPrefix();
    const first = await open(test, prefix);
    await put(first, service('cart'));
    await first.close();
    await killServer(test);
    const registry = create(prefix);
    test.after(() => registry.close());
    const events = registry.watch({ fromRevision: 0 });
    await until(
      () => /ECONNREFUSED/.test((registry.status() as { reason?: string }).reason ?? ''),
      'it failed to connect',
    );
    assert.equal(registry.status().kind, 'loading');
    assert.throws(() => registry.list(''), { code: 'registry-unavailable' });
    await assert.rejects(put(registry, service('shop')), { code: 'registry-unavailable' });
    await server.start();
    assert.equal((await nextEvent(events)).kind, 'reset');
    assert.deepEqual(
      registry.list('').map((object) => object.key),
      ['service/cart'],
    );
  });

  it('fills a store that lost its data from its copy, leases included', async (test) => {
    const prefix = newPrefix();
    const [left, right] = await Promise.all([open(test, prefix), open(test, prefix)]);
    await put(left, service('cart'));
    await put(left, instance('1', 60));
    await until(() => revisionOf(right) === 2, 'both know everything');
    const events = left.watch({ fromRevision: 2 });
    await admin.flushall();
    await assert.rejects(put(right, service('too-early')), {
      code: 'registry-unavailable',
      message: /replaced|lost data/,
    });
    assert.deepEqual(await nextEvent(events), { kind: 'reset', revision: 3 });
    await until(() => [left, right].every((each) => each.status().kind === 'available'), 'both are back');
    assert.equal(left.list('').length, 2);
    const refills = [left, right].map((each) => (each.status() as { lastRefill?: StoreRefill }).lastRefill);
    assert.deepEqual(
      refills.filter((refill) => refill !== undefined).map(({ count, objectCount }) => [count, objectCount]),
      [[1, 2]],
      'one of them filled it, and says so',
    );
    assert.deepEqual(right.list(''), left.list(''));
    assert.deepEqual(await right.renew('instance/cart/1'), { kind: 'renewed' });
    await put(right, service('shop'));
    assert.deepEqual(
      (await nextChanges(events)).map((change) => change.key),
      ['service/shop'],
    );
  });

  it('takes the newest copy to fill a store that lost its data, whoever offers first', async (test) => {
    const prefix = newPrefix();
    const [older, newer] = [new RedisStore(server.url, prefix, 8), new RedisStore(server.url, prefix, 8)];
    test.after(() => [older, newer].forEach((store) => store.close()));
    const [olderCopy, newerCopy] = [
      { epoch: 'lost', revision: 1 },
      { epoch: 'lost', revision: 2 },
    ];
    assert.equal((await older.tick(olderCopy)).verdict, 'lost');
    assert.equal((await newer.tick(newerCopy)).verdict, 'lost');
    assert.equal((await older.readAll()).isAboutToBeFilled, true, 'who knows nothing waits');
    await admin.hincrby(`{${prefix}}:state`, 'offeredAtMs', -2_500);
    assert.equal((await older.tick(olderCopy)).verdict, 'lost');
    assert.equal(await older.fill(olderCopy, 'older', []), false);
    assert.equal((await newer.tick(newerCopy)).verdict, 'fill');
    await admin.hincrby(`{${prefix}}:state`, 'offeredAtMs', -2_500);
    assert.equal(
      (await older.tick(olderCopy)).verdict,
      'fill',
      'the next best, when the newest does not act',
    );
    assert.equal(await newer.fill(newerCopy, 'newer', []), true);
    assert.equal(await older.fill(olderCopy, 'older', []), false);
    const { revision, isAboutToBeFilled } = await older.readAll();
    assert.deepEqual([revision, isAboutToBeFilled], [3, false]);
  });

  it('gives back what a store lost that was put back to an older state, deletions too', async (test) => {
    const prefix = newPrefix();
    const registry = await open(test, prefix);
    await put(registry, service('deleted'));
    const names = ['state', 'objects', 'collections', 'leases', 'log'].map((name) => `{${prefix}}:${name}`);
    const dumps = await Promise.all(names.map((name) => admin.dumpBuffer(name)));
    await remove(registry, 'service/deleted');
    await put(registry, service('cart'));
    const transaction = admin.multi();
    names.forEach((name, index) => {
      transaction.del(name);
      // Null for a key that there was not.
      const dump = dumps[index] as Buffer | null;
      if (dump !== null) transaction.restore(name, 0, dump);
    });
    await transaction.exec();
    await assert.rejects(put(registry, service('too-early')), { code: 'registry-unavailable' });
    await until(() => registry.status().kind === 'unavailable', 'the loss is told');
    const late = create(prefix);
    test.after(() => late.close());
    await until(() => registry.status().kind === 'available', 'the store is whole again');
    await untilRead(late);
    for (const each of [registry, late]) {
      assert.deepEqual(
        each.list('').map(({ key }) => key),
        ['service/cart'],
        'neither is a deleted object back nor an acknowledged one lost',
      );
    }
    assert.equal((await put(late, service('shop'))).kind, 'committed');
  });

  it('does not take a store in place of its own that lacks most instances, until somebody accepts that', async (test) => {
    const prefix = newPrefix();
    const registry = await open(test, prefix);
    await put(registry, service('cart'));
    for (const name of ['1', '2', '3']) await put(registry, instance(name));
    // Flushed, and somebody who knew nothing of it wrote first.
    await admin
      .multi()
      .flushall()
      .hset(`{${prefix}}:state`, 'epoch', 'young', 'revision', 1)
      .hset(`{${prefix}}:objects`, 'service/shop', `1 1 0 ${JSON.stringify(service('shop'))}`)
      .exec();
    const reasonOf = (): string => (registry.status() as { reason?: string }).reason ?? '';
    await until(() => /without 3 of 3 instances/.test(reasonOf()), 'the loss is held');
    assert.equal(registry.list('instance/').length, 3);
    await assert.rejects(put(registry, service('cart', 'tcp')), {
      code: 'registry-unavailable',
      message: /accepts/,
    });
    assert.equal(await registry.acceptLoss(), 3);
    await until(() => registry.status().kind === 'available', 'the store is taken');
    assert.deepEqual(
      registry.list('').map(({ key }) => key),
      ['service/shop'],
    );
    assert.equal(await registry.acceptLoss(), 0);
  });

  it('does not count time against leases in which no control plane was there', async (test) => {
    const prefix = newPrefix();
    const store = new RedisStore(server.url, prefix, 8);
    test.after(() => store.close());
    const { epoch } = await store.tick(undefined);
    const copy = { epoch, revision: 0 };
    await store.transact(copy, { writes: [{ kind: 'put', value: instance('1', 10) }] });
    const minuteAgo = systemClock.now() - 60_000;
    await admin.hset(`{${prefix}}:state`, 'tickedAtMs', minuteAgo);
    assert.deepEqual((await store.tick(copy)).dueKeys, []);
    await admin.hincrby(`{${prefix}}:state`, 'leaseClockMs', 8_000);
    assert.deepEqual((await store.tick(copy)).dueKeys, ['instance/cart/1']);
    const expire = () => store.expire(epoch, 'lease-expired', ['instance/cart/1']);
    assert.deepEqual(await expire(), ['instance/cart/1']);
    assert.deepEqual(await expire(), []);
    assert.deepEqual((await store.tick(copy)).dueKeys, []);
    assert.deepEqual((await store.readAll()).objects, []);
  });

  it('a control plane that comes later sees what was removed meanwhile as removed', async (test) => {
    const prefix = newPrefix();
    const left = await open(test, prefix);
    await put(left, service('cart'));
    await remove(left, 'service/cart');
    const right = await open(test, prefix);
    assert.deepEqual(right.list(''), []);
    assert.equal(revisionOf(right), 2);
  });

  it('never holds a reference to what does not exist, however control planes race', async (test) => {
    const prefix = newPrefix();
    const [left, right] = await Promise.all([open(test, prefix), open(test, prefix)]);
    let refusedCount = 0;
    for (let round = 0; round < 20; round++) {
      await applyChanges(left, [{ kind: 'put', object: service('cart') }]);
      const results = await Promise.all([
        applyChanges(right, [{ kind: 'put', object: instance('1') }]),
        applyChanges(left, [{ kind: 'delete', key: 'service/cart' }]),
        applyChanges(right, [{ kind: 'put', object: instance('2') }]),
      ]);
      refusedCount += results.filter((result) => result.kind === 'refused').length;
      await until(() => revisionOf(left) === revisionOf(right), 'both know everything');
      const hasService = left.get('service/cart') !== undefined;
      assert.ok(hasService || left.list('instance/').length === 0, `round ${round} left an orphan`);
      const keys = left.list('instance/').map((object) => object.key);
      await applyChanges(
        left,
        keys.map((key) => ({ kind: 'delete', key })),
      );
    }
    assert.ok(refusedCount >= 20, 'in each round somebody was refused');
  });
});
