import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { describedStats } from '../../src/described-stats.ts';
import { runAnswersScenario } from './answers-scenario.ts';
import { runDownstreamScenario } from './downstream-scenario.ts';
import { runUpstreamScenario } from './upstream-scenario.ts';
import { Movements } from './movements.ts';

const rows = describedStats.flatMap((description) => description.rows());
const movements = new Movements(rows);
const scenarios: readonly ((movements: Movements) => Promise<void>)[] = [
  runAnswersScenario,
  runDownstreamScenario,
  runUpstreamScenario,
];

before(async () => {
  await Promise.all(scenarios.map((run) => run(movements)));
});

test('every statistic of the page moves, but those that are marked as always 0', () => {
  const marked = rows.flatMap(({ name, alwaysZeroBecause }) => (alwaysZeroBecause === undefined ? [] : name));
  assert.deepEqual(movements.unmoved, marked);
});

test('there is no statistic that the page does not list', () => {
  assert.deepEqual(movements.unlisted, []);
});
