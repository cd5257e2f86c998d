import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createActiveConfig } from './active-config.ts';
import { RecordingStats } from './ads/testing/recording-stats.ts';
import type { RouteScope } from './model/scoped-routes.ts';
import type { RouteTables } from './route-tables.ts';
import { createScopedRoutes, type ScopedRoutesNeed } from './scoped-routes.ts';
import type { ResourceWatcher } from './subscription.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const need: ScopedRoutesNeed = {
  statPrefix: 'in',
  scoped: {
    key: 'k',
    name: 's',
    keyBuilder: [{ header: 'x', elementSeparator: '', pick: { kind: 'index', index: 0 } }],
    rds: { source: { kind: 'ads' }, initialFetchTimeoutMs: 0 },
    scopes: { kind: 'srds', source: { kind: 'ads' }, initialFetchTimeoutMs: 0 },
  },
};

/** `happened`: maps as workers see them, tables that were asked for (`+`) and given back (`-`), in order. */
function createHarness(scoped = need) {
  const happened: string[] = [];
  const ready = new Map<string, () => void>();
  let watcher: ResourceWatcher<RouteScope> | undefined;
  const config = createActiveConfig({ send: () => undefined, allClusters: () => [] });
  const routeTables = {
    acquire({ name }: { readonly name: string }, onReady: () => void) {
      happened.push(`+${name}`);
      ready.set(name, onReady);
      return { release: () => void happened.push(`-${name}`) };
    },
  } as unknown as RouteTables;
  const scopes = createScopedRoutes({
    sourceOf: () => ({
      subscribe(_names, given) {
        watcher = given;
        return { close: () => void happened.push('closed') };
      },
    }),
    routeTables,
    activeConfig: {
      ...config,
      publish(change) {
        for (const { scopes: map } of change.routeTables ?? []) {
          const pairs = Object.entries(map?.tableKeys ?? {}).map(([key, table]) => `${key}:${table}`);
          happened.push(pairs.sort().join(' ') || 'nothing');
        }
        return config.publish(change);
      },
    },
    logger: createSilentLogger(),
    stats: new RecordingStats(),
  });
  const use = scopes.acquire(scoped, () => void happened.push('ready'));
  return {
    use,
    take: () => happened.splice(0),
    async becomeReady(table: string): Promise<string[]> {
      ready.get(table)?.();
      await settled();
      return happened.splice(0);
    },
    /** `name:key:table` each. */
    async receive(scopeTexts: readonly string[], removed: readonly string[] = []) {
      const upserts = scopeTexts.map((text) => {
        const [name = '', key = '', routeConfigName = ''] = text.split(':');
        const value: RouteScope = { name, key: [key], routes: { kind: 'rds', routeConfigName } };
        return { name, version: '1', bytes: Buffer.from(text), value };
      });
      const refused = watcher?.onUpdate({ upserts, removed, systemVersion: '1' }) ?? [];
      await settled();
      return refused.map(({ name }) => name);
    },
    timeOut: () => watcher?.onInitialFetchTimeout(),
  };
}

test('a scope is known once its table serves, and ready means all of the first answer', async () => {
  const { receive, becomeReady, take } = createHarness();
  await receive(['a:1:r', 'b:2:q']);
  assert.deepEqual(take(), ['+r', '+q', 'nothing']);
  assert.deepEqual(await becomeReady('r'), ['1:r']);
  assert.deepEqual(await becomeReady('q'), ['1:r 2:q', 'ready']);
});

test('a scope that changes keeps its table until the next one serves', async () => {
  const { receive, becomeReady, take } = createHarness();
  await receive(['a:1:r']);
  await becomeReady('r');
  take();
  await receive(['a:1:q']);
  assert.deepEqual(take(), ['+q', '1:r']);
  assert.deepEqual(await becomeReady('q'), ['1:q', '-r']);
  await receive([], ['a']);
  assert.deepEqual(take(), ['nothing', '-q']);
});

test('two scopes swap their keys', async () => {
  const { receive, becomeReady, take } = createHarness();
  await receive(['a:1:r', 'b:2:q']);
  await becomeReady('r');
  await becomeReady('q');
  take();
  assert.deepEqual(await receive(['a:2:r', 'b:1:q']), []);
  await becomeReady('r');
  await becomeReady('q');
  await receive([]);
  assert.deepEqual(take().at(-1), '1:q 2:r');
});

test('the second scope of a key is refused, and the others are taken', async () => {
  const { receive, becomeReady } = createHarness();
  assert.deepEqual(await receive(['a:1:r', 'b:1:q', 'c:3:p']), ['b']);
  await becomeReady('r');
  assert.deepEqual((await becomeReady('p')).at(-2), '1:r 3:p');
});

test('scopes that do not come keep no listener waiting; all is given back at the end', async () => {
  const { receive, timeOut, take, use } = createHarness();
  timeOut();
  await settled();
  assert.deepEqual(take(), ['nothing', 'ready']);
  await receive(['a:1:r']);
  take();
  use.release();
  use.release();
  assert.deepEqual(take(), ['closed', '-r']);
});

test('a scope that names a table is refused where none can come from', async () => {
  const { rds: _, ...scoped } = need.scoped;
  const { receive } = createHarness({ ...need, scoped });
  assert.deepEqual(await receive(['a:1:r']), ['a']);
});
