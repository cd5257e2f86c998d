import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf } from '@heddle/shared/model/object-key';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { StoredObject, WatchEvent } from '../registry/registry.ts';
import type { Mesh } from '../translate/mesh.ts';
import { startPublisher } from './publisher.ts';

/** A registry whose events are pushed by the test. */
function createEvents() {
  const waiting: WatchEvent[] = [];
  let wake: (() => void) | undefined;
  let isDone = false;
  const iterator: AsyncIterableIterator<WatchEvent> = {
    async next() {
      while (waiting.length === 0 && !isDone) await new Promise<void>((resolve) => (wake = resolve));
      const value = waiting.shift();
      return value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
    return() {
      isDone = true;
      wake?.();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return {
    iterator,
    async push(event: WatchEvent) {
      waiting.push(event);
      wake?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function stored(value: MeshObject): StoredObject {
  return { key: keyOf(value), value, createRevision: 1, modifyRevision: 1 };
}

const web: MeshObject = { kind: 'Service', metadata: { name: 'web' } };
const cart: MeshObject = { kind: 'Service', metadata: { name: 'cart' } };

function setUp(options: { readonly failing?: boolean } = {}) {
  const clock = createFakeClock();
  const events = createEvents();
  const published: string[] = [];
  let objects: StoredObject[] = [];
  const publisher = startPublisher({
    registry: { list: () => objects, watch: () => events.iterator },
    publish(mesh: Mesh) {
      published.push([...mesh.services.keys()].join(' '));
      if (options.failing === true) throw new Error('for the test');
    },
    debounce: { quietMs: 10, maxMs: 30 },
    clock,
    logger: createSilentLogger(),
  });
  return {
    clock,
    events,
    published,
    publisher,
    setObjects: (values: MeshObject[]) => (objects = values.map(stored)),
  };
}

test('nothing is published before the registry was read completely', async () => {
  const { clock, events, published, publisher, setObjects } = setUp();
  clock.advance(1_000);
  assert.deepEqual(published, []);
  setObjects([web]);
  await events.push({ kind: 'reset', revision: 1 });
  assert.deepEqual(published, ['web']);
  await publisher.stop();
});

test('the first change goes out at once, those that follow together', async () => {
  const { clock, events, published, publisher } = setUp();
  await events.push({ kind: 'reset', revision: 1 });
  clock.advance(50);
  for (const object of [web, cart]) {
    const change = { kind: 'put', key: keyOf(object), object: stored(object) } as const;
    await events.push({ kind: 'changed', revision: 2, changes: [change] });
  }
  assert.deepEqual(published, ['', 'web']);
  clock.advance(10);
  assert.deepEqual(published, ['', 'web', 'web cart']);
  await publisher.stop();
  assert.equal(clock.pendingTimerCount, 0);
});

test('a reset reads everything anew', async () => {
  const { clock, events, published, publisher, setObjects } = setUp();
  setObjects([web, cart]);
  await events.push({ kind: 'reset', revision: 1 });
  clock.advance(50);
  setObjects([cart]);
  await events.push({ kind: 'reset', revision: 9 });
  assert.deepEqual(published, ['web cart', 'cart']);
  await publisher.stop();
});

test('a publication that fails does not end the publisher', async () => {
  const { clock, events, published, publisher } = setUp({ failing: true });
  await events.push({ kind: 'reset', revision: 1 });
  clock.advance(50);
  await events.push({ kind: 'reset', revision: 2 });
  assert.equal(published.length, 2);
  await publisher.stop();
});
