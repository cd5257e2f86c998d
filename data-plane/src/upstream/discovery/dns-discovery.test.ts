import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { DnsSettings } from '../../config/model/cluster.ts';
import type { Endpoints } from '../../config/model/endpoints.ts';
import { buildEndpoint, buildGroup, endpointsOf } from '../testing/model-fixtures.ts';
import { createRecordingStats } from '../testing/recording-stats.ts';
import { DnsDiscovery } from './dns-discovery.ts';
import { createSystemDnsResolver, resolveFamily, type DnsRecord, type DnsResolver } from './dns-resolver.ts';

type Answer = readonly string[] | 'fails';

/** Answers by family and name; counts the questions. */
class ScriptedResolver implements DnsResolver {
  questionCount = 0;
  ttlSeconds: number | undefined;
  readonly answers: Record<string, Answer> = {};

  resolve(name: string, family: 4 | 6): Promise<readonly DnsRecord[]> {
    this.questionCount++;
    const answer = this.answers[`${family}/${name}`] ?? [];
    if (answer === 'fails') return Promise.reject(new Error('not found'));
    return Promise.resolve(answer.map((address) => ({ address, ttlSeconds: this.ttlSeconds })));
  }
}

const namesOf = (...names: string[]) =>
  endpointsOf([buildGroup(names.map((name) => buildEndpoint(80, { address: { address: name, port: 80 } })))]);

function setUp(
  kind: 'strict-dns' | 'logical-dns',
  names: readonly string[],
  fields: Partial<DnsSettings> = {},
) {
  const clock = createFakeClock();
  const resolver = new ScriptedResolver();
  const stats = createRecordingStats();
  const lists: string[][] = [];
  let loadCount = 0;
  const settings: DnsSettings = {
    refreshRateMs: 5_000,
    jitterMs: 0,
    respectDnsTtl: false,
    lookupFamily: 'v4-only',
    waitForWarmOnInit: true,
    ...fields,
  };
  // Half of every bound: jitter and back-off become exact.
  const rng = { next: () => 0.5 };
  const context = { resolver, clock, rng, stats: stats.scope };
  const discovery = new DnsDiscovery(kind, namesOf(...names), settings, context);
  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  };
  return {
    clock,
    resolver,
    stats,
    lists,
    discovery,
    settle,
    loadCount: () => loadCount,
    async start() {
      discovery.start({
        onEndpoints: (endpoints: Endpoints) =>
          lists.push(
            endpoints.priorities.flat().flatMap((group) => group.endpoints.map((e) => e.address.address)),
          ),
        onFirstLoad: () => loadCount++,
      });
      await settle();
    },
    async advance(ms: number) {
      clock.advance(ms);
      await settle();
    },
  };
}

test('strict: every address of every name is a host, once', async () => {
  const { resolver, lists, start, discovery, loadCount } = setUp('strict-dns', ['a.test', 'b.test']);
  resolver.answers['4/a.test'] = ['10.0.0.1', '10.0.0.2', '10.0.0.1'];
  resolver.answers['4/b.test'] = ['10.0.0.3'];
  await start();
  assert.deepEqual(lists.at(-1), ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  assert.equal(loadCount(), 1);
  discovery.stop();
});

test('strict: a failure keeps what was known, an empty answer does not', async () => {
  const { resolver, lists, start, advance, discovery, stats } = setUp('strict-dns', ['a.test']);
  resolver.answers['4/a.test'] = ['10.0.0.1'];
  await start();
  resolver.answers['4/a.test'] = 'fails';
  await advance(5_000);
  assert.deepEqual(lists, [['10.0.0.1']]);
  resolver.answers['4/a.test'] = [];
  await advance(5_000);
  assert.deepEqual(lists.at(-1), []);
  assert.deepEqual(
    ['update_attempt', 'update_success', 'update_failure'].map((name) => stats.valueOf(name)),
    [3, 2, 1],
  );
  discovery.stop();
});

test('the first resolution ends the first load, also by failing', async () => {
  const { resolver, start, discovery, loadCount, lists } = setUp('strict-dns', ['a.test']);
  resolver.answers['4/a.test'] = 'fails';
  await start();
  assert.deepEqual([loadCount(), lists], [1, []]);
  discovery.stop();
});

test('without waiting the first load ends at once', () => {
  const { start, discovery, loadCount } = setUp('strict-dns', ['a.test'], { waitForWarmOnInit: false });
  const started = start();
  assert.equal(loadCount(), 1);
  discovery.stop();
  return started;
});

test('logical: the first address only; empty and failed keep it', async () => {
  const { resolver, lists, start, advance, discovery, stats } = setUp('logical-dns', ['a.test']);
  resolver.answers['4/a.test'] = ['10.0.0.1', '10.0.0.2'];
  await start();
  resolver.answers['4/a.test'] = [];
  await advance(5_000);
  resolver.answers['4/a.test'] = ['10.0.0.9', '10.0.0.1'];
  await advance(5_000);
  assert.deepEqual(lists, [['10.0.0.1'], ['10.0.0.9']]);
  assert.equal(stats.valueOf('update_failure'), 1);
  discovery.stop();
});

test('refresh: the rate, or the time to live where it is respected and not 0, with jitter', async () => {
  const rates = [
    [{}, 7, 5_000],
    [{ respectDnsTtl: true }, 7, 7_000],
    [{ respectDnsTtl: true }, 0, 5_000],
    [{ respectDnsTtl: true }, undefined, 5_000],
    [{ jitterMs: 100 }, 7, 5_050],
  ] as const;
  for (const [fields, ttlSeconds, expectedMs] of rates) {
    const { resolver, start, advance, discovery } = setUp('strict-dns', ['a.test'], fields);
    resolver.ttlSeconds = ttlSeconds;
    resolver.answers['4/a.test'] = ['10.0.0.1'];
    await start();
    await advance(expectedMs - 1);
    assert.equal(resolver.questionCount, 1);
    await advance(1);
    assert.equal(resolver.questionCount, 2);
    discovery.stop();
  }
});

test('failures back off exponentially up to ten times the base, and a success ends that', async () => {
  const { resolver, start, advance, discovery } = setUp('strict-dns', ['a.test'], {
    failureRefreshBaseMs: 1_000,
  });
  resolver.answers['4/a.test'] = 'fails';
  await start();
  let questions = 1;
  for (const expectedMs of [500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
    await advance(expectedMs - 1);
    assert.equal(resolver.questionCount, questions);
    await advance(1);
    assert.equal(resolver.questionCount, ++questions);
  }
  resolver.answers['4/a.test'] = ['10.0.0.1'];
  await advance(5_000);
  resolver.answers['4/a.test'] = 'fails';
  await advance(5_000);
  await advance(500);
  assert.equal(resolver.questionCount, questions + 3);
  discovery.stop();
});

test('families: their order, and an address that needs no question', async () => {
  const resolver = new ScriptedResolver();
  resolver.answers['4/both.test'] = ['10.0.0.1'];
  resolver.answers['6/both.test'] = ['2001:db8::1'];
  resolver.answers['4/four.test'] = ['10.0.0.4'];
  resolver.answers['6/four.test'] = 'fails';
  resolver.answers['4/none.test'] = 'fails';
  resolver.answers['6/none.test'] = 'fails';
  const ask = async (name: string, family: DnsSettings['lookupFamily']) =>
    (await resolveFamily(resolver, name, family)).map((record) => record.address);
  assert.deepEqual(await ask('both.test', 'auto'), ['2001:db8::1']);
  assert.deepEqual(await ask('both.test', 'v4-preferred'), ['10.0.0.1']);
  assert.deepEqual(await ask('both.test', 'all'), ['10.0.0.1', '2001:db8::1']);
  assert.deepEqual(await ask('four.test', 'auto'), ['10.0.0.4']);
  assert.deepEqual(await ask('four.test', 'all'), ['10.0.0.4']);
  await assert.rejects(ask('none.test', 'auto'));
  await assert.rejects(ask('none.test', 'all'));
  const questionCount = resolver.questionCount;
  assert.deepEqual(await ask('192.0.2.1', 'v6-only'), ['192.0.2.1']);
  assert.equal(resolver.questionCount, questionCount);
});

test('localhost is known without a name server', async () => {
  const found = await createSystemDnsResolver().resolve('localhost', 4);
  assert.deepEqual(found, [{ address: '127.0.0.1', ttlSeconds: undefined }]);
});
