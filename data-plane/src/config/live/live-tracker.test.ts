import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveTracker } from './live-tracker.ts';

function createHarness() {
  const accepted = new Map<string, string>();
  const warming = new Set<string>();
  const waiting: { generation: number; callback: () => void }[] = [];
  const reports: Record<string, string>[] = [];
  const sources = {
    generation: 0,
    acceptedVersions: () => accepted,
    isSettled: (typeUrl: string) => !warming.has(typeUrl),
    whenApplied: (generation: number, callback: () => void) => void waiting.push({ generation, callback }),
  };
  const tracker = createLiveTracker(sources, (changed) => reports.push(Object.fromEntries(changed)));
  return {
    accepted,
    warming,
    reports,
    sources,
    tracker,
    applyAll() {
      for (const { callback } of waiting.splice(0)) callback();
    },
  };
}

test('a version is live once it is settled and applied by all', () => {
  const { accepted, warming, reports, tracker, applyAll } = createHarness();
  accepted.set('cds', '1');
  warming.add('cds');
  tracker.onChange();
  applyAll();
  assert.deepEqual(reports, []);
  warming.clear();
  tracker.onChange();
  assert.deepEqual(reports, []);
  applyAll();
  assert.deepEqual(reports, [{ cds: '1' }]);
});

test('a version that is overtaken while workers apply is told after it, and each only once', () => {
  const { accepted, reports, tracker, applyAll } = createHarness();
  accepted.set('rds', '1');
  tracker.onChange();
  accepted.set('rds', '2');
  tracker.onChange();
  applyAll();
  applyAll();
  tracker.onChange();
  applyAll();
  assert.deepEqual(reports, [{ rds: '1' }, { rds: '2' }]);
});

test('types are told apart', () => {
  const { accepted, warming, reports, tracker, applyAll } = createHarness();
  accepted.set('cds', '1').set('lds', '1');
  warming.add('lds');
  tracker.onChange();
  applyAll();
  assert.deepEqual(reports, [{ cds: '1' }]);
  assert.deepEqual([...tracker.liveVersions], [['cds', '1']]);
});
