import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { applyChanges } from './apply-changes.ts';
import { openEmbeddedRegistry } from './embedded-registry.ts';
import { instance, put, remove, revisionOf, service } from './registry.contract.ts';
import type { Registry } from './registry.ts';

function open(test: TestContext): Registry {
  const registry = openEmbeddedRegistry({
    file: ':memory:',
    clock: createFakeClock(),
    logger: createSilentLogger(),
  });
  test.after(() => registry.close());
  return registry;
}

/** The registry, where somebody else is always a little faster, `times` times. */
function withRival(registry: Registry, times: number, rival: (turn: number) => Promise<unknown>): Registry {
  let turn = 0;
  return {
    get: (key) => registry.get(key),
    list: (prefix) => registry.list(prefix),
    renew: (key) => registry.renew(key),
    watch: (options) => registry.watch(options),
    status: () => registry.status(),
    held: () => registry.held(),
    acceptLoss: (service) => registry.acceptLoss(service),
    close: () => registry.close(),
    async transact(transaction) {
      if (turn < times) await rival(turn++);
      return registry.transact(transaction);
    },
  };
}

describe('applyChanges', () => {
  it('checks again when what it has read changes before the write', async (test) => {
    const registry = open(test);
    await put(registry, service('cart'));
    const racing = withRival(registry, 1, () => remove(registry, 'service/cart'));
    const result = await applyChanges(racing, [{ kind: 'put', object: instance('1') }]);
    assert.deepEqual(result, {
      kind: 'refused',
      problems: [
        { changeIndex: 0, kind: 'missing', path: '/metadata/service', message: 'there is no service "cart"' },
      ],
    });
    assert.deepEqual(registry.list(''), []);
  });

  it('does not delete a service under an instance that was registered meanwhile', async (test) => {
    const registry = open(test);
    await put(registry, service('cart'));
    const racing = withRival(registry, 1, () => put(registry, instance('1')));
    const result = await applyChanges(racing, [{ kind: 'delete', key: 'service/cart' }]);
    assert.equal(result.kind === 'refused' && result.problems[0]?.kind, 'conflict');
    assert.equal(registry.list('').length, 2);
  });

  it('goes through in the end, and gives up only on endless rivals', async (test) => {
    const registry = open(test);
    await put(registry, service('cart'));
    const rewrite = (turn: number) => put(registry, service('cart', turn % 2 === 0 ? 'tcp' : 'http'));
    const applied = await applyChanges(withRival(registry, 10, rewrite), [
      { kind: 'put', object: instance('1') },
    ]);
    assert.equal(applied.kind, 'applied');
    await assert.rejects(
      applyChanges(withRival(registry, Infinity, rewrite), [{ kind: 'put', object: instance('2') }]),
      {
        code: 'registry-unavailable',
      },
    );
    assert.equal(registry.get('instance/cart/2'), undefined);
  });

  it('registers many instances of one service at once without a repeat', async (test) => {
    const registry = open(test);
    await put(registry, service('cart'));
    let transactionCount = 0;
    const counted = withRival(registry, Infinity, () => Promise.resolve(transactionCount++));
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        applyChanges(counted, [{ kind: 'put', object: instance(`i${index}`) }]),
      ),
    );
    assert.equal(transactionCount, 50);
    assert.equal(revisionOf(registry), 51);
  });

  it('a dry run says what would happen and writes nothing', async (test) => {
    const registry = open(test);
    await put(registry, service('cart'));
    const result = await applyChanges(
      registry,
      [
        { kind: 'put', object: service('cart') },
        { kind: 'put', object: service('shop') },
        { kind: 'delete', key: 'service/none' },
      ],
      { isDryRun: true },
    );
    assert.deepEqual(result, {
      kind: 'applied',
      revision: 1,
      results: [
        { key: 'service/cart', outcome: 'unchanged', revision: 1 },
        { key: 'service/shop', outcome: 'created', revision: 0 },
        { key: 'service/none', outcome: 'absent', revision: 0 },
      ],
    });
    assert.equal(revisionOf(registry), 1);
    const mismatch = await applyChanges(
      registry,
      [{ kind: 'put', object: service('shop'), expectedRevision: 3 }],
      { isDryRun: true },
    );
    assert.deepEqual(mismatch, { kind: 'mismatch', key: 'service/shop', actualRevision: 0 });
  });
});
