import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SavedSource, SavedType } from '../saved/saved-resources.ts';
import { anys, brief, delta, sotw, type Harness } from './testing/mux-harness.ts';
import { RecordingWatcher } from './testing/text-resource.ts';

const waitMs = 2000;

class ScriptedSource implements SavedSource {
  readonly waitMs = waitMs;
  readonly events: string[] = [];
  readonly #types: ReadonlyMap<string, SavedType> | undefined;
  held: () => readonly SavedType[] = () => [];

  constructor(types: Readonly<Record<string, readonly string[]>> | undefined) {
    this.#types =
      types &&
      new Map(
        Object.entries(types).map(([typeUrl, texts]) => [
          typeUrl,
          {
            typeUrl,
            version: 'saved',
            resources: texts.map((text) => ({
              name: text.split('=')[0] ?? '',
              version: `v-${text}`,
              bytes: Buffer.from(text),
            })),
          },
        ]),
      );
  }

  load(): Promise<ReadonlyMap<string, SavedType> | undefined> {
    this.events.push('load');
    return Promise.resolve(this.#types);
  }

  onChanged(): void {
    this.events.push('changed');
  }

  onRestored(restoredCount: number, unusableCount: number): void {
    this.events.push(`restored ${restoredCount}, not ${unusableCount}`);
  }

  onReconciled(): void {
    this.events.push('reconciled');
  }

  setHeld(held: () => readonly SavedType[]): void {
    this.held = held;
  }

  remove(): void {}
}

function briefDelta({ transport }: Harness<unknown>): string[] {
  return transport
    .takeDeltaRequests()
    .map(
      ({ typeUrl, resourceNamesSubscribe, initialResourceVersions, responseNonce }) =>
        `${typeUrl} +[${resourceNamesSubscribe.join(' ')}] ${JSON.stringify(initialResourceVersions)} ${responseNonce}`,
    );
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

test('a silent control plane: subscriptions start from what was saved, and their children at once', async () => {
  const saved = new ScriptedSource({ cds: ['a=1', 'b=1'], eds: ['a=x', 'unused=x'] });
  const { mux, clock, clusters, endpoints } = sotw(saved);
  const watcher = new RecordingWatcher();
  const child = new RecordingWatcher();
  watcher.onUpdateHook = () => void mux.source(endpoints).subscribe(['a'], child, 15_000);
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  clock.advance(waitMs - 1);
  await settle();
  assert.deepEqual(saved.events, []);
  clock.advance(1);
  await settle();
  assert.deepEqual(watcher.take(), ['update saved [a=1 b=1] -[]']);
  assert.deepEqual(child.take(), ['update saved [a=x] -[]']);
  clock.advance(60_000);
  assert.deepEqual(child.take(), [], 'no first fetch runs out');
  assert.deepEqual(
    mux.status().types.map(({ resources }) => resources.map(({ name, state }) => `${name} ${state}`)),
    [['a restored', 'b restored'], ['a restored']],
  );
  mux.stop();
});

test('state of the world: the server’s answer is compared with what serves; only differences are changes', async () => {
  const saved = new ScriptedSource({ cds: ['a=1', 'b=1', 'gone=1'], eds: ['a=old'] });
  const { mux, transport, clock, clusters, endpoints } = sotw(saved);
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  clock.advance(waitMs);
  await settle();
  watcher.take();
  transport.open();
  await settle();
  assert.deepEqual(brief(transport), ['cds saved/ [] +node']);
  transport.respond({ typeUrl: 'cds', versionInfo: '9', nonce: 'n', resources: anys('cds', 'a=1', 'b=2') });
  await settle();
  assert.deepEqual(watcher.take(), ['update 9 [b=2] -[gone]']);
  assert.deepEqual(saved.events.slice(-2), ['reconciled', 'changed']);
  assert.deepEqual(
    mux.status().types[0]?.resources.map(({ name, state }) => `${name} ${state}`),
    ['a acked', 'b acked'],
  );
  // Now that there is a server, it is asked first.
  const child = new RecordingWatcher();
  mux.source(endpoints).subscribe(['a'], child, 15_000);
  await settle();
  assert.deepEqual(child.take(), []);
  mux.stop();
});

test('delta: the server is told what is held, and silence on an open stream means that it agrees', async () => {
  const saved = new ScriptedSource({ cds: ['a=1', 'b=1'], eds: ['a=x'] });
  const harness = delta(saved);
  const { mux, transport, clock, clusters, endpoints } = harness;
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  mux.source(endpoints).subscribe(['a'], watcher, 15_000);
  clock.advance(waitMs);
  await settle();
  watcher.take();
  transport.open();
  await settle();
  assert.deepEqual(briefDelta(harness), ['cds +[] {"a":"v-a=1","b":"v-b=1"} ', 'eds +[a] {"a":"v-a=x"} ']);
  transport.close();
  clock.advance(waitMs);
  assert.ok(!saved.events.includes('reconciled'), 'a stream that was lost agreed to nothing');
  transport.open();
  clock.advance(waitMs);
  assert.ok(saved.events.includes('reconciled'));
  assert.ok(mux.status().types.every(({ resources }) => resources.every(({ state }) => state === 'acked')));
  transport.respondDelta({ typeUrl: 'cds', nonce: 'n', removedResources: ['b'] });
  await settle();
  assert.deepEqual(watcher.take(), ['update  [] -[b]']);
  mux.stop();
});

test('a control plane that answers wins at once: the file is not even read', async () => {
  const saved = new ScriptedSource({ cds: ['a=1'] });
  const { mux, transport, clock, clusters } = sotw(saved);
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  clock.advance(waitMs - 1);
  transport.open();
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'n', resources: anys('cds', 'z=1') });
  await settle();
  clock.advance(60_000);
  await settle();
  assert.deepEqual(watcher.take(), ['update 1 [z=1] -[]']);
  assert.deepEqual(saved.events, ['changed']);
  mux.stop();
});

test('a control plane that dies between its answers: what it did not say comes from the file', async () => {
  const saved = new ScriptedSource({ cds: ['a=old'], eds: ['a=x'] });
  const { mux, transport, clock, clusters, endpoints } = sotw(saved);
  const watcher = new RecordingWatcher();
  const child = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  transport.open();
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'n', resources: anys('cds', 'a=new') });
  await settle();
  mux.source(endpoints).subscribe(['a'], child, 15_000);
  transport.close();
  clock.advance(waitMs);
  await settle();
  assert.deepEqual(watcher.take(), ['update 1 [a=new] -[]']);
  assert.deepEqual(child.take(), ['update saved [a=x] -[]']);
  mux.stop();
});

test('a saved resource that cannot be used is left out, the others serve, and its first fetch goes on', async () => {
  const saved = new ScriptedSource({ cds: ['a=1', 'b=bad', 'c=1'], eds: ['e=bad'] });
  const { mux, transport, clock, clusters, endpoints } = sotw(saved);
  const watcher = new RecordingWatcher();
  const child = new RecordingWatcher();
  watcher.refuses.add('c=1');
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  mux.source(endpoints).subscribe(['e'], child, 15_000);
  clock.advance(waitMs);
  await settle();
  assert.deepEqual(watcher.take(), ['update saved [a=1 c=1] -[]']);
  assert.deepEqual(
    saved.held().map(({ resources }) => resources.map(({ name }) => name)),
    [['a'], []],
  );
  transport.open();
  await settle();
  // Versions of what is not held completely are not announced: the server shall send all it has.
  assert.deepEqual(brief(transport), ['cds / [] +node', 'eds / [e]']);
  assert.ok(saved.events.includes('restored 1, not 3'), saved.events.join());
  clock.advance(15_000);
  assert.deepEqual(child.take(), ['timeout']);
  mux.stop();
});

test('without a file everything is as it was: the first fetch runs out', async () => {
  const saved = new ScriptedSource(undefined);
  const { mux, clock, clusters } = sotw(saved);
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 15_000);
  clock.advance(15_000);
  await settle();
  assert.deepEqual(watcher.take(), ['timeout']);
  mux.stop();
  assert.equal(clock.pendingTimerCount, 0);
});

test('what has a time to live is not kept', async () => {
  const saved = new ScriptedSource({});
  const { mux, transport, clusters } = delta(saved);
  mux.source(clusters).subscribe(undefined, new RecordingWatcher(), 0);
  transport.open();
  const resource = (name: string, ttl?: { seconds: number }) => ({
    name,
    version: '1',
    resource: { typeUrl: 'cds', value: Buffer.from(`${name}=1`) },
    ...(ttl === undefined ? {} : { ttl }),
  });
  transport.respondDelta({
    typeUrl: 'cds',
    nonce: 'n',
    resources: [resource('stays'), resource('goes', { seconds: 9 })],
  });
  await settle();
  assert.deepEqual(
    saved.held()[0]?.resources.map(({ name }) => name),
    ['stays'],
  );
  mux.stop();
});
