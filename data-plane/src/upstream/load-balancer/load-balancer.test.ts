import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { createLoadBalancer } from './create-load-balancer.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { biasedWeight, LeastRequestLoadBalancer } from './least-request.ts';
import type { Candidate, Picker } from './load-balancer.ts';
import { RandomLoadBalancer } from './random.ts';
import { RoundRobinLoadBalancer } from './round-robin.ts';
import { SlowStartFactor } from './slow-start.ts';

class ScriptedHost implements Candidate {
  readonly name: string;
  weight: number;
  open = 0;
  healthySinceMs = 0;
  constructor(name: string, weight = 1) {
    this.name = name;
    this.weight = weight;
  }
  activeRequestCount(): number {
    return this.open;
  }
}

function countPicks(picker: Picker<ScriptedHost>, picks: number, seed = 7): Record<string, number> {
  const rng = createSeededRng(seed);
  const counts: Record<string, number> = {};
  for (let pick = 0; pick < picks; pick++) {
    const { name } = picker.pick(randomInteger(rng, 2 ** 32));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Binomial: |observed − expected| within 4 standard deviations (1 in 16,000 by chance; seeds are fixed anyway). */
function assertShare(count: number, picks: number, share: number): void {
  const deviation = 4 * Math.sqrt(picks * share * (1 - share));
  assert.ok(Math.abs(count - picks * share) <= deviation, `${count} of ${picks}, expected share ${share}`);
}

test('earliest deadline first gives each entry exactly its weight in every round', () => {
  const weights = [5, 1, 1];
  const scheduler = new EdfScheduler(3, (entry) => weights[entry] ?? 1);
  const picks = Array.from({ length: 70 }, () => scheduler.pick());
  for (let round = 0; round < 10; round++) {
    const slice = picks.slice(round * 7, round * 7 + 7);
    assert.deepEqual(
      weights.map((_, entry) => slice.filter((pick) => pick === entry).length),
      weights,
    );
  }
});

test('a skipped start is the state after that many picks', () => {
  const weights = [3, 2, 7, 1];
  const walked = new EdfScheduler(4, (entry) => weights[entry] ?? 1);
  for (let pick = 0; pick < 1000; pick++) walked.pick();
  const skipped = new EdfScheduler(4, (entry) => weights[entry] ?? 1, 1000);
  for (const scheduler of [walked, skipped]) {
    const counts = [0, 0, 0, 0];
    for (let pick = 0; pick < 130; pick++) {
      const entry = scheduler.pick();
      counts[entry] = (counts[entry] ?? 0) + 1;
    }
    for (const [entry, weight] of weights.entries()) {
      assert.ok(Math.abs((counts[entry] ?? 0) - weight * 10) <= 1, counts.join());
    }
  }
});

test('round robin with equal weights rotates, starts at a random place, and keeps its place', () => {
  const hosts = ['a', 'b', 'c'].map((name) => new ScriptedHost(name, 4));
  const starts = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const balancer = new RoundRobinLoadBalancer<ScriptedHost>(createSeededRng(seed));
    starts.add(balancer.createPicker('0/healthy', hosts).pick(0).name);
  }
  assert.equal(starts.size, 3);

  const balancer = new RoundRobinLoadBalancer<ScriptedHost>({ next: () => 0 });
  const before = balancer.createPicker('0/healthy', hosts);
  assert.deepEqual([before.pick(0).name, before.pick(0).name], ['a', 'b']);
  const after = balancer.createPicker('0/healthy', [...hosts]);
  assert.deepEqual([after.pick(0).name, after.pick(0).name], ['c', 'a']);
  assert.equal(balancer.createPicker('1/healthy', hosts).pick(0).name, 'a');
});

test('round robin with weights gives exact shares', () => {
  const hosts = [new ScriptedHost('a', 1), new ScriptedHost('b', 2), new ScriptedHost('c', 7)];
  const balancer = new RoundRobinLoadBalancer<ScriptedHost>(createSeededRng(3));
  const counts = countPicks(balancer.createPicker('0/healthy', hosts), 1000);
  for (const host of hosts) {
    assert.ok(Math.abs((counts[host.name] ?? 0) - host.weight * 100) <= 1, JSON.stringify(counts));
  }
});

test('least request draws two with replacement and keeps the first unless another has strictly fewer', () => {
  const hosts = ['a', 'b', 'c'].map((name) => new ScriptedHost(name));
  (hosts[0] as ScriptedHost).open = 5;
  const balancer = new LeastRequestLoadBalancer<ScriptedHost>(
    { choiceCount: 2, activeRequestBias: 1 },
    createSeededRng(11),
  );
  const picks = 30_000;
  const counts = countPicks(balancer.createPicker('0/healthy', hosts), picks);
  // The busy one wins only when it is drawn twice: 1 in 9.
  assertShare(counts['a'] ?? 0, picks, 1 / 9);
  assertShare(counts['b'] ?? 0, picks, 4 / 9);
  assertShare(counts['c'] ?? 0, picks, 4 / 9);
});

test('least request keeps the first of equals', () => {
  const hosts = ['a', 'b'].map((name) => new ScriptedHost(name));
  const draws = [0, 0.9];
  const balancer = new LeastRequestLoadBalancer<ScriptedHost>(
    { choiceCount: 2, activeRequestBias: 1 },
    { next: () => draws.shift() ?? 0 },
  );
  const picker = balancer.createPicker('0/healthy', hosts);
  draws.splice(0, draws.length, 0, 0.9);
  assert.equal(picker.pick(0).name, 'a');
  draws.push(0.9, 0);
  assert.equal(picker.pick(0).name, 'b');
});

test('least request with weights divides them by open requests', () => {
  const host = new ScriptedHost('a', 10);
  host.open = 4;
  assert.equal(biasedWeight(host, 1), 2);
  assert.ok(Math.abs(biasedWeight(host, 0.5) - 4.472) < 0.001);
  assert.equal(biasedWeight(host, 0), 10);

  const hosts = [new ScriptedHost('a', 1), new ScriptedHost('b', 3)];
  (hosts[1] as ScriptedHost).open = 2;
  const balancer = new LeastRequestLoadBalancer<ScriptedHost>(
    { choiceCount: 2, activeRequestBias: 1 },
    createSeededRng(1),
  );
  const counts = countPicks(balancer.createPicker('0/healthy', hosts), 1000);
  assert.ok(Math.abs((counts['a'] ?? 0) - 500) <= 1, JSON.stringify(counts));
});

test('random ignores weights', () => {
  const hosts = [new ScriptedHost('a', 1), new ScriptedHost('b', 100)];
  const picks = 20_000;
  const counts = countPicks(new RandomLoadBalancer<ScriptedHost>().createPicker('0/healthy', hosts), picks);
  assertShare(counts['a'] ?? 0, picks, 1 / 2);
});

test('slow start: the factor grows from its floor to one', () => {
  const host = new ScriptedHost('a');
  let nowMs = 0;
  const factor = (aggression: number, atMs: number) => {
    nowMs = atMs;
    return new SlowStartFactor({ windowMs: 60_000, aggression, minWeightPercent: 10 }, () => nowMs).of(host);
  };
  assert.equal(factor(1, 3_000), 0.1);
  assert.equal(factor(1, 15_000), 0.25);
  assert.equal(factor(1, 30_000), 0.5);
  assert.equal(factor(1, 60_000), 1);
  assert.equal(factor(2, 15_000), 0.5);
});

test('slow start: a new host gets its reduced share even with equal weights', () => {
  const hosts = [new ScriptedHost('old'), new ScriptedHost('new')];
  (hosts[1] as ScriptedHost).healthySinceMs = 100_000;
  const balancer = createLoadBalancer<ScriptedHost>(
    { kind: 'round-robin', slowStart: { windowMs: 60_000, aggression: 1, minWeightPercent: 10 } },
    createSeededRng(2),
    () => 115_000,
  );
  const counts = countPicks(balancer.createPicker('0/healthy', hosts), 1000);
  assert.ok(Math.abs((counts['new'] ?? 0) - 200) <= 2, JSON.stringify(counts));
});
