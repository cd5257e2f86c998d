import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { anys, api, brief, delta, sotw } from './testing/mux-harness.ts';
import { RecordingWatcher } from './testing/text-resource.ts';

test('what has not changed is neither decoded nor told again', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1', 'y=1') });
  await setImmediate();
  watcher.take();
  transport.respond({ typeUrl: 'cds', versionInfo: '2', nonce: 'b', resources: anys('cds', 'x=1', 'y=2') });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 2 [y=2] -[]']);
  assert.equal(clusters.decodedCount, 3);
  mux.stop();
});

test('valid resources of a refused response are applied, refused ones keep what they had', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '1',
    nonce: 'a',
    resources: anys('cds', 'x=1', 'y=1', 'z=1'),
  });
  await setImmediate();
  watcher.take();
  brief(transport);
  watcher.refuses.add('z=2');
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '2',
    nonce: 'b',
    resources: anys('cds', 'x=bad', 'y=2', 'z=2', 'y=3'),
  });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 2 [y=2 z=2] -[]'], 'x is in the response: it is not gone');
  assert.deepEqual(brief(transport), [
    'cds 1/b [] 13 cds "x": value: is bad\ncds "y": occurs twice in the response\ncds "z": use: does not fit',
  ]);
  const status = mux.status().types[0];
  assert.equal(status?.version, '1');
  assert.equal(status.nack?.version, '2');
  assert.deepEqual(
    status.resources.map(({ name, state, version, bytes }) => [
      name,
      state,
      version,
      Buffer.from(bytes ?? '').toString(),
    ]),
    [
      ['x', 'nacked', '1', 'x=1'],
      ['y', 'nacked', '2', 'y=2'],
      ['z', 'nacked', '1', 'z=1'],
    ],
  );
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '3',
    nonce: 'c',
    resources: anys('cds', 'x=1', 'y=2', 'z=1'),
  });
  await setImmediate();
  assert.deepEqual(brief(transport), ['cds 3/c []']);
  assert.equal(mux.status().types[0]?.nack, undefined);
  mux.stop();
});

test('what was refused and comes again as it was before is no longer refused', async () => {
  const { mux, transport, clusters } = sotw();
  mux.source(clusters).subscribe(undefined, new RecordingWatcher(), 0);
  transport.open();
  for (const [version, text] of [
    ['1', 'x=1'],
    ['2', 'x=bad'],
    ['3', 'x=1'],
  ] as const) {
    transport.respond({ typeUrl: 'cds', versionInfo: version, nonce: version, resources: anys('cds', text) });
    await setImmediate();
  }
  const [x] = mux.status().types[0]?.resources ?? [];
  assert.deepEqual([x?.state, x?.version], ['acked', '3']);
  mux.stop();
});

test('a response about another type than its resources is refused before anything is applied', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  await setImmediate();
  brief(transport);
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '1',
    nonce: 'a',
    resources: [...anys('cds', 'x=1'), ...anys('eds', 'y=1')],
  });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['rejected ']);
  assert.deepEqual(brief(transport), ['cds /a [] 13 cds: the response is about cds but holds a eds']);
  mux.stop();
});

test('a resource without a name removes nobody', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1') });
  await setImmediate();
  watcher.take();
  transport.respond({
    typeUrl: 'cds',
    versionInfo: '2',
    nonce: 'b',
    resources: anys('cds', 'garbage', 'y=1'),
  });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 2 [y=1] -[]']);
  mux.stop();
});

test('a watcher that comes later gets what is held at once, and no request is sent', async () => {
  const { mux, transport, endpoints } = sotw();
  const first = new RecordingWatcher();
  const subscription = mux.source(endpoints).subscribe(['x'], first, 0);
  transport.open();
  transport.respond({
    typeUrl: 'eds',
    versionInfo: '1',
    nonce: 'a',
    resources: anys('eds', 'x=1', 'stranger=1'),
  });
  await setImmediate();
  brief(transport);
  assert.deepEqual(first.take(), ['update 1 [x=1] -[]']);
  const second = new RecordingWatcher();
  mux.source(endpoints).subscribe(['x'], second, 5000);
  subscription.close();
  assert.deepEqual(second.take(), [], 'not before the subscription is in the hands of its owner');
  await setImmediate();
  assert.deepEqual(second.take(), ['update 1 [x=1] -[]']);
  assert.deepEqual(brief(transport), []);
  mux.stop();
});

test('two watchers of one name both get it', async () => {
  const { mux, transport, endpoints } = sotw();
  const [first, second] = [new RecordingWatcher(), new RecordingWatcher()];
  mux.source(endpoints).subscribe(['x'], first, 0);
  mux.source(endpoints).subscribe(['x'], second, 0);
  transport.open();
  transport.respond({ typeUrl: 'eds', versionInfo: '1', nonce: 'a', resources: anys('eds', 'x=1') });
  await setImmediate();
  assert.deepEqual([first.take(), second.take()], [['update 1 [x=1] -[]'], ['update 1 [x=1] -[]']]);
  mux.stop();
});

test('what is given back is forgotten once the server knows', async () => {
  const { mux, transport, endpoints } = sotw();
  const subscription = mux.source(endpoints).subscribe(['x'], new RecordingWatcher(), 0);
  transport.open();
  transport.respond({ typeUrl: 'eds', versionInfo: '1', nonce: 'a', resources: anys('eds', 'x=1') });
  await setImmediate();
  subscription.close();
  const reborn = new RecordingWatcher();
  mux.source(endpoints).subscribe(['x'], reborn, 0).close();
  await setImmediate();
  const late = new RecordingWatcher();
  mux.source(endpoints).subscribe(['x'], late, 0);
  await setImmediate();
  assert.deepEqual([reborn.take(), late.take()], [[], []]);
  mux.stop();
});

test('the first fetch: its clock runs from the subscription, and ends with any answer', async () => {
  const { mux, transport, clock, endpoints } = sotw();
  const [answered, unanswered, refused] = [
    new RecordingWatcher(),
    new RecordingWatcher(),
    new RecordingWatcher(),
  ];
  mux.source(endpoints).subscribe(['x'], answered, 1000);
  mux.source(endpoints).subscribe(['y'], unanswered, 1000);
  mux.source(endpoints).subscribe(['z'], refused, 1000);
  clock.advance(500);
  transport.open();
  transport.respond({ typeUrl: 'eds', versionInfo: '1', nonce: 'a', resources: anys('eds', 'x=1', 'z=bad') });
  await setImmediate();
  assert.deepEqual(refused.take(), ['rejected z']);
  assert.deepEqual(
    mux.status().types[1]?.resources.map(({ name, state }) => `${name} ${state}`),
    ['x acked', 'y requested', 'z nacked'],
  );
  clock.advance(500);
  assert.deepEqual(
    [answered.take(), unanswered.take(), refused.take()],
    [['update 1 [x=1] -[]'], ['timeout'], []],
  );
  assert.equal(mux.status().types[1]?.resources[1]?.state, 'timeout');
  transport.respond({ typeUrl: 'eds', versionInfo: '2', nonce: 'b', resources: anys('eds', 'y=1') });
  await setImmediate();
  assert.deepEqual(unanswered.take(), ['update 2 [y=1] -[]'], 'a late answer is still taken');
  assert.equal(clock.pendingTimerCount, 0);
  mux.stop();
});

test('a wrapper gives a resource a time to live; a heartbeat without content renews it', async () => {
  const { mux, transport, clock, clusters } = sotw();
  const watcher = new RecordingWatcher();
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  const wrapped = (content: string | undefined): { typeUrl: string; value: Buffer } => ({
    typeUrl: 'type.googleapis.com/envoy.service.discovery.v3.Resource',
    value: api.encode('envoy.service.discovery.v3.Resource', {
      name: 'x',
      ttl: { seconds: 10, nanos: 0 },
      ...(content === undefined ? {} : { resource: { typeUrl: 'cds', value: Buffer.from(content) } }),
    }),
  });
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: [wrapped('x=1')] });
  await setImmediate();
  assert.deepEqual(watcher.take(), ['update 1 [x=1] -[]']);
  clock.advance(6000);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'b', resources: [wrapped(undefined)] });
  await setImmediate();
  clock.advance(6000);
  assert.deepEqual(watcher.take(), [], 'a heartbeat is no update');
  clock.advance(4000);
  assert.deepEqual(watcher.take(), ['update 1 [] -[x]']);
  assert.equal(clock.pendingTimerCount, 0);
  mux.stop();
});

test('a watcher that throws refuses what it was given', async () => {
  const { mux, transport, clusters } = sotw();
  const watcher = new RecordingWatcher();
  watcher.onUpdateHook = () => {
    throw new Error('boom');
  };
  mux.source(clusters).subscribe(undefined, watcher, 0);
  transport.open();
  await setImmediate();
  brief(transport);
  transport.respond({ typeUrl: 'cds', versionInfo: '1', nonce: 'a', resources: anys('cds', 'x=1') });
  await setImmediate();
  assert.deepEqual(brief(transport), ['cds /a [] 13 cds "x": could not be applied: boom']);
  mux.stop();
});

test('delta: removal, what does not exist, and what is announced when connecting again', async () => {
  const { mux, transport, endpoints } = delta();
  const [x, y] = [new RecordingWatcher(), new RecordingWatcher()];
  mux.source(endpoints).subscribe(['x'], x, 0);
  mux.source(endpoints).subscribe(['y'], y, 0);
  transport.open();
  await setImmediate();
  assert.deepEqual(
    transport
      .takeDeltaRequests()
      .map(({ resourceNamesSubscribe, node: sender }) => [resourceNamesSubscribe, sender?.id]),
    [[['x', 'y'], 'n']],
  );
  transport.respondDelta({
    typeUrl: 'eds',
    nonce: '1',
    systemVersionInfo: 's1',
    resources: [{ name: 'x', version: 'v1', resource: { typeUrl: 'eds', value: Buffer.from('x=1') } }],
    removedResources: ['y'],
  });
  await setImmediate();
  assert.deepEqual([x.take(), y.take()], [['update s1 [x=1] -[]'], ['update s1 [] -[y]']]);
  assert.deepEqual(
    mux.status().types[1]?.resources.map(({ name, state }) => `${name} ${state}`),
    ['x acked', 'y does-not-exist'],
  );
  const late = new RecordingWatcher();
  mux.source(endpoints).subscribe(['y'], late, 1000);
  await setImmediate();
  assert.deepEqual(late.take(), ['update s1 [] -[y]'], 'nobody asks twice for what does not exist');
  assert.deepEqual(
    transport.takeDeltaRequests().map(({ responseNonce }) => responseNonce),
    ['1'],
  );
  transport.close();
  transport.open();
  await setImmediate();
  const [again] = transport.takeDeltaRequests();
  assert.deepEqual(again?.initialResourceVersions, { x: 'v1' });
  assert.equal(again.node?.id, 'n');
  mux.stop();
});

test('delta: a name in both lists, and a resource that calls itself otherwise, are refused', async () => {
  const { mux, transport, endpoints } = delta();
  const watcher = new RecordingWatcher();
  mux.source(endpoints).subscribe(['x', 'z'], watcher, 0);
  transport.open();
  await setImmediate();
  transport.takeDeltaRequests();
  transport.respondDelta({
    typeUrl: 'eds',
    nonce: '1',
    resources: [
      { name: 'x', version: 'v1', resource: { typeUrl: 'eds', value: Buffer.from('x=1') } },
      { name: 'z', version: 'v1', resource: { typeUrl: 'eds', value: Buffer.from('other=1') } },
    ],
    removedResources: ['x'],
  });
  await setImmediate();
  assert.equal(
    transport.takeDeltaRequests()[0]?.errorDetail?.message,
    'eds "z": the resource of this name calls itself "other"\neds "x": is both sent and removed',
  );
  mux.stop();
});
