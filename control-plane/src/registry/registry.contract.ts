import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { parseMeshObject } from '@heddle/shared/model/parse-object';
import type { Change, Registry, TransactionResult, WatchEvent } from './registry.ts';

/** One registry under test, empty, with a history of 8 revisions. */
export interface RegistryUnderTest {
  readonly registry: Registry;
  /** Lets the store's lease clock run on. */
  passTime(durationMs: number): Promise<void>;
  dispose(): Promise<void>;
}

export const service = (name: string, protocol: 'http' | 'tcp' = 'http'): MeshObject =>
  parseMeshObject({ kind: 'Service', metadata: { name }, spec: { protocol } });

export const instance = (name: string, ttlSeconds?: number, port = 80): MeshObject =>
  parseMeshObject({
    kind: 'Instance',
    metadata: { name, service: 'cart' },
    spec: { address: '10.0.0.1', port, ...(ttlSeconds === undefined ? {} : { lease: { ttlSeconds } }) },
  });

export const put = (
  registry: Registry,
  value: MeshObject,
  expectedRevision?: number,
): Promise<TransactionResult> =>
  registry.transact({
    writes: [{ kind: 'put', value, ...(expectedRevision === undefined ? {} : { expectedRevision }) }],
  });

export const remove = (registry: Registry, key: string): Promise<TransactionResult> =>
  registry.transact({ writes: [{ kind: 'delete', key }] });

export async function nextEvent(events: AsyncIterator<WatchEvent>): Promise<WatchEvent> {
  const result = await events.next();
  if (result.done === true) throw new Error('the watch ended');
  return result.value;
}

export async function nextChanges(events: AsyncIterator<WatchEvent>): Promise<readonly Change[]> {
  const event = await nextEvent(events);
  if (event.kind !== 'changed') throw new Error(`expected changes, got ${event.kind}`);
  return event.changes;
}

export function revisionOf(registry: Registry): number {
  const status = registry.status();
  if (!('revision' in status)) throw new Error(`no revision while ${status.kind}`);
  return status.revision;
}

/** Lets a little of the store's time pass until it is so. */
async function untilTrue(condition: () => boolean, { passTime }: RegistryUnderTest): Promise<void> {
  for (let turn = 0; turn < 20 && !condition(); turn++) await passTime(1_000);
  assert.ok(condition(), 'waited in vain');
}

/** What every store must do. */
export function describeRegistryContract(
  name: string,
  open: () => Promise<RegistryUnderTest>,
  skip: string | false,
): void {
  describe(`registry contract: ${name}`, { skip }, () => {
    let underTest: RegistryUnderTest;
    let registry: Registry;

    beforeEach(async () => {
      underTest = await open();
      registry = underTest.registry;
    });
    afterEach(() => underTest.dispose());

    it('starts empty at revision 0', () => {
      assert.deepEqual(registry.status(), { kind: 'available', revision: 0 });
      assert.deepEqual(registry.list(''), []);
      assert.equal(registry.get('service/cart'), undefined);
    });

    it('gives every change the next revision and keeps the creating one', async () => {
      assert.deepEqual(await put(registry, service('cart')), {
        kind: 'committed',
        revision: 1,
        results: [{ key: 'service/cart', outcome: 'created', revision: 1 }],
      });
      await put(registry, service('shop'));
      const changed = await put(registry, service('cart', 'tcp'));
      assert.deepEqual(changed, {
        kind: 'committed',
        revision: 3,
        results: [{ key: 'service/cart', outcome: 'changed', revision: 3 }],
      });
      assert.deepEqual(registry.get('service/cart'), {
        key: 'service/cart',
        value: service('cart', 'tcp'),
        createRevision: 1,
        modifyRevision: 3,
      });
      assert.equal(revisionOf(registry), 3);
    });

    it('freezes what it returns', async () => {
      await put(registry, instance('1'));
      const stored = registry.get('instance/cart/1');
      assert.ok(stored !== undefined && Object.isFrozen(stored.value.metadata));
    });

    it('keeps the revision when an equal value is put, in whatever order its fields stand', async () => {
      await put(registry, instance('1'));
      const reordered = parseMeshObject({
        spec: { port: 80, address: '10.0.0.1' },
        metadata: { service: 'cart', name: '1' },
        kind: 'Instance',
      });
      assert.deepEqual(await put(registry, reordered), {
        kind: 'committed',
        revision: 1,
        results: [{ key: 'instance/cart/1', outcome: 'unchanged', revision: 1 }],
      });
      assert.equal(revisionOf(registry), 1);
    });

    it('compares the expected revision, 0 meaning absent', async () => {
      assert.deepEqual(await put(registry, service('cart'), 7), {
        kind: 'mismatch',
        key: 'service/cart',
        actualRevision: 0,
      });
      assert.equal((await put(registry, service('cart'), 0)).kind, 'committed');
      assert.deepEqual(await put(registry, service('cart'), 0), {
        kind: 'mismatch',
        key: 'service/cart',
        actualRevision: 1,
      });
      assert.equal((await put(registry, service('cart', 'tcp'), 1)).kind, 'committed');
      const staleDelete = await registry.transact({
        writes: [{ kind: 'delete', key: 'service/cart', expectedRevision: 1 }],
      });
      assert.deepEqual(staleDelete, { kind: 'mismatch', key: 'service/cart', actualRevision: 2 });
    });

    it('lets exactly one of many concurrent writers with the same expectation win', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, port) => put(registry, instance('1', 5, port + 1), 0)),
      );
      assert.equal(results.filter((result) => result.kind === 'committed').length, 1);
      assert.equal(revisionOf(registry), 1);
    });

    it('deletes, and says when there was nothing to delete', async () => {
      await put(registry, service('cart'));
      assert.deepEqual(await remove(registry, 'service/cart'), {
        kind: 'committed',
        revision: 2,
        results: [{ key: 'service/cart', outcome: 'deleted', revision: 0 }],
      });
      assert.equal(registry.get('service/cart'), undefined);
      assert.deepEqual(await remove(registry, 'service/cart'), {
        kind: 'committed',
        revision: 2,
        results: [{ key: 'service/cart', outcome: 'absent', revision: 0 }],
      });
      await put(registry, service('cart'));
      assert.equal(registry.get('service/cart')?.createRevision, 3);
    });

    it('makes all writes of a transaction at one revision, or none', async () => {
      await put(registry, service('old'));
      const committed = await registry.transact({
        writes: [
          { kind: 'put', value: service('cart') },
          { kind: 'put', value: instance('1') },
          { kind: 'delete', key: 'service/old' },
          { kind: 'delete', key: 'service/never' },
        ],
      });
      assert.equal(committed.kind === 'committed' && committed.revision, 2);
      assert.deepEqual(committed.kind === 'committed' && committed.results.map((result) => result.outcome), [
        'created',
        'created',
        'deleted',
        'absent',
      ]);
      const refused = await registry.transact({
        writes: [
          { kind: 'put', value: service('more') },
          { kind: 'put', value: service('cart', 'tcp'), expectedRevision: 1 },
        ],
      });
      assert.equal(refused.kind, 'mismatch');
      assert.deepEqual(
        registry.list('').map((object) => object.key),
        ['instance/cart/1', 'service/cart'],
      );
      assert.deepEqual(await registry.transact({ writes: [] }), {
        kind: 'committed',
        revision: 2,
        results: [],
      });
      await assert.rejects(
        registry.transact({
          writes: [
            { kind: 'put', value: service('cart') },
            { kind: 'delete', key: 'service/cart' },
          ],
        }),
        { code: 'internal' },
      );
    });

    it('refuses a transaction whose reads have changed', async () => {
      await put(registry, service('cart'));
      await put(registry, instance('1'));
      const attempt = (conditions: Parameters<Registry['transact']>[0]['conditions'] & {}) =>
        registry
          .transact({ writes: [{ kind: 'put', value: instance('2') }], conditions })
          .then((result) => result.kind);

      assert.equal(await attempt([{ kind: 'key', key: 'service/cart', revision: 2 }]), 'stale');
      assert.equal(await attempt([{ kind: 'key', key: 'service/none', revision: 1 }]), 'stale');
      assert.equal(
        await attempt([{ kind: 'collection', collection: 'instance/cart/', unchangedSince: 1 }]),
        'stale',
      );
      assert.equal(registry.get('instance/cart/2'), undefined);
      await remove(registry, 'instance/cart/1');
      assert.equal(
        await attempt([{ kind: 'collection', collection: 'instance/cart/', unchangedSince: 2 }]),
        'stale',
      );
      assert.equal(
        await attempt([
          { kind: 'key', key: 'service/cart', revision: 1 },
          { kind: 'key', key: 'service/none', revision: 0 },
          { kind: 'collection', collection: 'instance/cart/', unchangedSince: 3 },
          { kind: 'collection', collection: 'route/', unchangedSince: 0 },
        ]),
        'committed',
      );
    });

    it('lists by prefix in order of keys', async () => {
      for (const name of ['b', 'a-b', 'a', 'constructor']) await put(registry, service(name));
      await put(registry, instance('1'));
      const keys = (prefix: string) => registry.list(prefix).map((object) => object.key);
      assert.deepEqual(keys('service/'), ['service/a', 'service/a-b', 'service/b', 'service/constructor']);
      assert.deepEqual(keys('service/a'), ['service/a', 'service/a-b']);
      assert.deepEqual(keys('instance/'), ['instance/cart/1']);
      assert.deepEqual(keys('instance/cart/'), ['instance/cart/1']);
      assert.deepEqual(keys('instance/car'), ['instance/cart/1']);
      assert.deepEqual(keys('instance/cart-b/'), []);
      assert.equal(keys('').length, 5);
    });

    it('reports changes in order, one event for each revision', async () => {
      await put(registry, service('cart'));
      const events = registry.watch({ fromRevision: 1 });
      await put(registry, service('shop'));
      await put(registry, service('shop'));
      await registry.transact({
        writes: [
          { kind: 'delete', key: 'service/shop' },
          { kind: 'put', value: instance('1') },
        ],
      });
      assert.deepEqual(await nextEvent(events), {
        kind: 'changed',
        revision: 2,
        changes: [
          {
            kind: 'put',
            key: 'service/shop',
            object: { key: 'service/shop', value: service('shop'), createRevision: 2, modifyRevision: 2 },
          },
        ],
      });
      assert.deepEqual(
        (await nextChanges(events)).map((change) => `${change.kind} ${change.key}`),
        ['delete service/shop', 'put instance/cart/1'],
      );
      const waiting = events.next();
      await events.return?.();
      assert.deepEqual(await waiting, { done: true, value: undefined });
    });

    it('wakes a watch with a prefix only for what it watches', async () => {
      const events = registry.watch({ fromRevision: 0, prefix: 'instance/cart/' });
      await put(registry, service('cart'));
      await put(registry, instance('1'));
      assert.deepEqual(
        (await nextChanges(events)).map((change) => change.key),
        ['instance/cart/1'],
      );
      await events.return?.();
    });

    it('starts with a reset when no revision is given, and when it is too old or was never reached', async () => {
      for (let port = 1; port <= 20; port++) await put(registry, instance('1', undefined, port));
      const tooOld = registry.watch({ fromRevision: 1 });
      const fresh = registry.watch();
      const future = registry.watch({ fromRevision: 1000 });
      for (const events of [tooOld, fresh, future]) {
        assert.deepEqual(await nextEvent(events), { kind: 'reset', revision: 20 });
      }
      await put(registry, service('cart'));
      for (const events of [tooOld, fresh, future]) {
        assert.deepEqual(
          (await nextChanges(events)).map((change) => change.key),
          ['service/cart'],
        );
        await events.return?.();
      }
    });

    it('removes an object whose lease was not renewed, and not one that was', async () => {
      await put(registry, service('cart'));
      await put(registry, instance('renewed', 60));
      await put(registry, instance('rewritten', 60));
      await put(registry, instance('lost', 60));
      await put(registry, instance('unleased'));
      const events = registry.watch({ fromRevision: 5 });
      await underTest.passTime(40_000);
      assert.deepEqual(await registry.renew('instance/cart/renewed'), { kind: 'renewed' });
      await put(registry, instance('rewritten', 60));
      assert.equal(revisionOf(registry), 5, 'neither a renewal nor an equal put is a change');
      await underTest.passTime(40_000);
      assert.deepEqual(await nextChanges(events), [
        { kind: 'delete', key: 'instance/cart/lost', reason: 'lease-expired' },
      ]);
      assert.deepEqual(
        registry.list('instance/').map((object) => object.key),
        ['instance/cart/renewed', 'instance/cart/rewritten', 'instance/cart/unleased'],
      );
      await events.return?.();
    });

    it('holds most of a service that falls silent at once, and reaps one dead instance', async () => {
      await put(registry, service('cart'));
      for (const name of ['1', '2', '3']) await put(registry, instance(name, 60));
      const instances = (): string[] => registry.list('instance/').map(({ value }) => value.metadata.name);
      await underTest.passTime(61_000);
      await untilTrue(() => registry.held().length === 1, underTest);
      const [held] = registry.held();
      assert.deepEqual([held?.service, held?.instances, held?.totalCount], ['cart', ['1', '2', '3'], 3]);
      assert.deepEqual(instances(), ['1', '2', '3']);

      assert.deepEqual(await registry.renew('instance/cart/1'), { kind: 'renewed' });
      await remove(registry, 'instance/cart/2');
      await untilTrue(() => registry.held().length === 0, underTest);
      await untilTrue(() => instances().length === 1, underTest);
      assert.deepEqual(instances(), ['1'], 'one of two that stays silent is a dead one');
    });

    it('lets held instances go when others have taken their place, or when the operator says so', async () => {
      await put(registry, service('cart'));
      for (const name of ['1', '2', '3', '4']) await put(registry, instance(name, 60));
      const instances = (): string[] => registry.list('instance/').map(({ value }) => value.metadata.name);
      await underTest.passTime(61_000);
      await untilTrue(() => registry.held().length === 1, underTest);
      assert.equal(await registry.acceptLoss('shop'), 0);
      const events = registry.watch({ fromRevision: revisionOf(registry) });
      assert.equal(await registry.acceptLoss('cart'), 4);
      assert.equal((await nextChanges(events)).length, 4);
      await events.return?.();
      await untilTrue(() => registry.held().length === 0, underTest);

      for (const name of ['1', '2', '3', '4']) await put(registry, instance(name, 60));
      await underTest.passTime(61_000);
      await untilTrue(() => registry.held().length === 1, underTest);
      for (const name of ['5', '6', '7', '8']) await put(registry, instance(name, 6_000));
      await untilTrue(() => instances().length === 4, underTest);
      assert.deepEqual(instances(), ['5', '6', '7', '8']);
      assert.deepEqual(registry.held(), []);
    });

    it('never brings a deleted object back by a late renewal', async () => {
      await put(registry, instance('1', 60));
      await remove(registry, 'instance/cart/1');
      assert.deepEqual(await registry.renew('instance/cart/1'), { kind: 'absent' });
      assert.equal(registry.get('instance/cart/1'), undefined);
      await put(registry, instance('1'));
      assert.deepEqual(await registry.renew('instance/cart/1'), { kind: 'unleased' });
      await underTest.passTime(100_000);
      await put(registry, service('cart'));
      assert.ok(registry.get('instance/cart/1') !== undefined, 'the lease ended with the object that had it');
    });

    it('ends watches and refuses writes once closed', async () => {
      const waiting = registry.watch({ fromRevision: 0 }).next();
      await registry.close();
      await registry.close();
      assert.deepEqual(await waiting, { done: true, value: undefined });
      assert.deepEqual(registry.status(), { kind: 'closed' });
      await assert.rejects(put(registry, service('cart')), { code: 'registry-unavailable' });
    });
  });
}
