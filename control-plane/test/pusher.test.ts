import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../src/snapshot/snapshot.ts';
import { buildEmptyAssignment, isEmptyAssignment } from '../src/xds/empty-assignment.ts';
import { planRows, pushRows } from '../src/xds/push-plan.ts';
import { Pusher, type Push } from '../src/xds/pusher.ts';
import { setNames, updateNames } from '../src/xds/subscription.ts';
import { TypeState } from '../src/xds/type-state.ts';
import { api } from './ads-client.ts';
import { TestSnapshots, type TestWorld } from './test-snapshots.ts';
import { CDS, EDS, LDS, RDS } from './xds-harness.ts';

const ackTimeoutMs = 100;

/** One client without a transport: it asks, answers when told to, and time is a number. */
class PushedClient {
  nowMs = 0;
  /** Assignments without endpoints that it was sent. */
  emptyCount = 0;
  readonly pusher: Pusher;
  readonly #variant: 'sotw' | 'delta';
  readonly #states = new Map<string, TypeState>();
  readonly #snapshots = new TestSnapshots();
  #snapshot: Snapshot | undefined;
  #nonceCount = 0;

  constructor(variant: 'sotw' | 'delta', maxResponseBytes = 1_000_000) {
    this.#variant = variant;
    this.pusher = new Pusher({
      variant,
      isAggregated: true,
      states: this.#states,
      ackTimeoutMs,
      maxResponseBytes,
      sizeOf: () => 10,
      emptyAssignment: (name) => buildEmptyAssignment(api, name),
      openedAtMs: 0,
    });
    this.#snapshots.watch(undefined, (snapshot, change) => {
      this.#snapshot = snapshot;
      for (const [typeUrl, names] of change) this.#states.get(typeUrl)?.markChanged(names);
    });
  }

  set(world: TestWorld): void {
    this.#snapshots.set(world);
  }

  ask(typeUrl: string, names: readonly string[] = []): void {
    const state = this.#states.get(typeUrl) ?? new TypeState(typeUrl);
    this.#states.set(typeUrl, state);
    const update =
      this.#variant === 'sotw'
        ? setNames(state.subscription, names)
        : updateNames(state.subscription, names, []);
    state.applySubscription(update, this.#snapshot);
  }

  answer(typeUrl: string, answer: 'accepted' | 'refused' = 'accepted'): void {
    this.pusher.onAnswered(this.#states.get(typeUrl)!, answer);
  }

  /** Everything that may go out now, as `CDS a b -c`; with `answering`, until all is quiet. */
  flow(answering = false): string[] {
    const seen: string[] = [];
    const next = () => this.pusher.next(this.#snapshot!, this.nowMs);
    for (let push = next(); push !== undefined; push = next()) {
      this.#nonceCount += 1;
      this.pusher.onSent(push, String(this.#nonceCount), this.nowMs);
      seen.push(show(push));
      if (push.state.typeUrl === EDS) this.emptyCount += push.resources.filter(isEmptyAssignment).length;
      if (answering) this.answer(push.state.typeUrl);
    }
    return seen;
  }
}

function show({ state, resources, removed }: Push): string {
  const label = new Map<string, string>([
    [CDS, 'CDS'],
    [EDS, 'EDS'],
    [LDS, 'LDS'],
    [RDS, 'RDS'],
  ]).get(state.typeUrl);
  const names = resources.map((resource) => resource.name).sort();
  return [label ?? state.typeUrl, ...names, ...removed.map((name) => `-${name}`)].join(' ');
}

const before: TestWorld = {
  clusters: { a: '1' },
  endpoints: { a: 'x' },
  listeners: { l: 'r' },
  routes: { r: ['a'] },
};
const after: TestWorld = { ...before, clusters: { b: '1' }, endpoints: { b: 'x' }, routes: { r: ['b'] } };

/** A client that has `before`. */
function settled(variant: 'sotw' | 'delta'): PushedClient {
  const client = new PushedClient(variant);
  client.set(before);
  client.ask(CDS);
  client.ask(EDS, ['a']);
  client.ask(LDS);
  client.ask(RDS, ['r']);
  client.flow(true);
  assert.deepEqual(client.flow(), []);
  return client;
}

test('upserts come before removals, parents before children, and types without an order last', () => {
  const order = pushRows.map(({ does, typeUrl }) => `${does} ${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)}`);
  assert.deepEqual(order, [
    'upsert Cluster',
    'upsert ClusterLoadAssignment',
    'replace Listener',
    'upsert RouteConfiguration',
    'remove RouteConfiguration',
    'remove Cluster',
    'remove ClusterLoadAssignment',
  ]);
  for (const [index, row] of pushRows.entries()) {
    const earlier = pushRows.slice(0, index).map(({ typeUrl }) => typeUrl);
    assert.ok(
      row.after.every((typeUrl) => earlier.includes(typeUrl)),
      'a row waits for earlier rows only',
    );
  }
  assert.equal(planRows([CDS, 'other']).at(-1)?.typeUrl, 'other');
});

test('a first connection: all types in order, routes once the clusters and endpoints were acknowledged', () => {
  const client = new PushedClient('sotw');
  client.set(before);
  for (const typeUrl of [LDS, CDS]) client.ask(typeUrl);
  client.ask(RDS, ['r']);
  client.ask(EDS, ['a']);
  assert.deepEqual(client.flow(), ['CDS a', 'EDS a', 'LDS l']);
  client.answer(CDS);
  assert.deepEqual(client.flow(), []);
  client.answer(EDS);
  assert.deepEqual(client.flow(), ['RDS r']);
});

test('a client that asks for no endpoints is not waited for', () => {
  const client = new PushedClient('sotw');
  client.set(before);
  client.ask(CDS);
  client.ask(RDS, ['r']);
  assert.deepEqual(client.flow(true), ['CDS a', 'RDS r']);
});

test('a cluster that comes back without endpoints holds no routes up, though its name was never given up', () => {
  for (const variant of ['delta', 'sotw'] as const) {
    const client = settled(variant);
    const withB = { ...before, clusters: { a: '1', b: '1' }, endpoints: { a: 'x', b: 'x' } };
    client.set(withB);
    client.ask(EDS, ['a', 'b']);
    client.flow(true);
    client.set(before);
    client.flow(true);
    client.set({ ...withB, endpoints: { a: 'x', b: '' }, routes: { r: ['a', 'b'] } });
    const clusters = variant === 'delta' ? 'CDS b' : 'CDS a b';
    assert.deepEqual(client.flow(true), [clusters, 'EDS b', 'RDS r'], variant);
  }
});

test('routes do not wait for clusters that they do not name, nor for changed ones', () => {
  const client = settled('delta');
  client.set({
    ...before,
    clusters: { a: '2', other: '1' },
    endpoints: { a: 'x', other: 'x' },
    routes: { r: ['a', 'a'] },
  });
  assert.deepEqual(client.flow(), ['CDS a other', 'EDS a', 'RDS r']);
});

test('moving a route, both variants', () => {
  const expected = {
    sotw: ['CDS a b', 'RDS r', 'CDS b', 'EDS a'],
    delta: ['CDS b', 'RDS r', 'CDS -a', 'EDS -a'],
  };
  for (const variant of ['sotw', 'delta'] as const) {
    const client = settled(variant);
    client.set(after);
    assert.deepEqual(client.flow(), [expected[variant][0]]);
    client.answer(CDS);
    client.ask(EDS, variant === 'sotw' ? ['a', 'b'] : ['b']);
    assert.deepEqual(client.flow(), ['EDS b']);
    client.answer(EDS);
    assert.deepEqual(client.flow(true), expected[variant].slice(1));
  }
});

test('a silent client gets the routes after the time-out, and the removals after another', () => {
  const client = settled('delta');
  client.set(after);
  assert.deepEqual(client.flow(), ['CDS b']);
  assert.equal(client.pusher.nextWakeUpMs(client.nowMs), ackTimeoutMs);
  client.nowMs = 99;
  assert.deepEqual(client.flow(), []);
  client.nowMs = 100;
  assert.deepEqual(client.flow(), ['RDS r']);
  client.answer(CDS);
  assert.deepEqual(client.flow(), []);
  assert.equal(client.pusher.nextWakeUpMs(client.nowMs), ackTimeoutMs);
  client.nowMs = 200;
  assert.deepEqual(client.flow(), ['CDS -a']);
});

test('nobody waits for a refused cluster: other routes of its table must not stand still', () => {
  const client = settled('delta');
  client.set(after);
  client.flow();
  client.answer(CDS, 'refused');
  assert.deepEqual(client.flow(), ['RDS r']);
  client.set({ ...after, clusters: { b: '2' } });
  assert.equal(client.flow(true)[0], 'CDS b');
});

test('a route does not overtake its cluster, which waits behind an unanswered response', () => {
  const client = settled('delta');
  client.ask(EDS, ['b']);
  client.set(after);
  client.flow();
  client.answer(CDS);
  client.answer(EDS);
  assert.deepEqual(client.flow(), ['RDS r']);
  client.answer(RDS);
  assert.deepEqual(client.flow(), ['CDS -a']);
  client.set(before);
  assert.deepEqual(client.flow(), [], 'a is on its way out, and then in again');
  client.answer(CDS);
  assert.deepEqual(client.flow(true), ['CDS a', 'EDS a', 'RDS r', 'CDS -b', 'EDS -b']);
});

test('endpoints that are all gone wait for routes that are on their way', () => {
  const both: TestWorld = { ...before, clusters: { a: '1', b: '1' }, endpoints: { a: 'x', b: 'x' } };
  for (const variant of ['sotw', 'delta'] as const) {
    const client = settled(variant);
    client.set(both);
    client.ask(EDS, variant === 'sotw' ? ['a', 'b'] : ['b']);
    client.flow(true);
    client.set({ ...both, routes: { r: ['b'] } });
    assert.deepEqual(client.flow(), ['RDS r']);
    client.set({ ...both, routes: { r: ['b'] }, endpoints: { a: '', b: 'y' } });
    assert.deepEqual(client.flow(), ['EDS b'], 'what has endpoints goes');
    client.answer(EDS);
    assert.deepEqual(client.flow(), []);
    client.answer(RDS);
    assert.deepEqual(client.flow(), ['EDS a']);
  }
});

test('a changed cluster whose endpoints are all gone keeps the last ones until its routes have left it', () => {
  const both: TestWorld = { ...before, clusters: { a: '1', b: '1' }, endpoints: { a: 'x', b: 'x' } };
  for (const variant of ['sotw', 'delta'] as const) {
    const client = settled(variant);
    client.set(both);
    client.ask(EDS, variant === 'sotw' ? ['a', 'b'] : ['b']);
    client.flow(true);
    // The client is slow: routes of a moment ago are on their way, those of now wait behind them.
    client.set({ ...both, routes: { r: ['a', 'a'] } });
    assert.deepEqual(client.flow(), ['RDS r']);
    client.set({ ...both, clusters: { a: '2', b: '1' }, endpoints: { a: '', b: 'x' }, routes: { r: ['b'] } });
    const clusters = variant === 'delta' ? 'CDS a' : 'CDS a b';
    // It waits for endpoints of the changed cluster, and is told what it has.
    assert.deepEqual(client.flow(), [clusters, 'EDS a'], variant);
    assert.equal(client.emptyCount, 0, variant);
    client.answer(CDS);
    client.answer(EDS);
    assert.deepEqual(client.flow(), []);
    client.answer(RDS);
    assert.deepEqual(client.flow(true), ['RDS r', 'EDS a'], variant);
    assert.equal(client.emptyCount, 1, variant);
  }
});

test('going back to what was, before anything was removed, removes the new one only', () => {
  const client = settled('delta');
  client.set(after);
  assert.deepEqual(client.flow(), ['CDS b']);
  client.set(before);
  client.answer(CDS);
  assert.deepEqual(client.flow(true), ['CDS -b']);
});

test('after quiet nothing waits and no wake-up is asked for', () => {
  const client = settled('sotw');
  assert.equal(client.pusher.nextWakeUpMs(client.nowMs), undefined);
  client.set({ ...before });
  assert.deepEqual(client.flow(), []);
});

test('responses are cut where the protocol allows it', () => {
  const client = new PushedClient('delta', 20);
  client.set({ clusters: { a: '1', b: '1', c: '1' } });
  client.ask(CDS);
  assert.deepEqual(client.flow(true), ['CDS a b', 'CDS c']);
  const sotw = new PushedClient('sotw', 20);
  sotw.set({ clusters: { a: '1', b: '1', c: '1' } });
  sotw.ask(CDS);
  assert.deepEqual(sotw.flow(true), ['CDS a b c']);
});
