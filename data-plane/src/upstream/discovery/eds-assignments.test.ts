import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceSource } from '../../config/model/resource-source.ts';
import { ScriptedEds } from '../testing/scripted-eds.ts';
import { EdsAssignments } from './eds-assignments.ts';

const assignment = { clusterName: 'a', priorities: [], overprovisioningFactor: 140 };

test('clusters that share a name share its subscription, unless their sources differ', () => {
  const [ads, file] = [new ScriptedEds(), new ScriptedEds()];
  const assignments = new EdsAssignments(({ kind }) => (kind === 'ads' ? ads : file));
  const heard: string[] = [];
  const watch = (who: string, source: ResourceSource) =>
    assignments.watch(
      'a',
      { source, initialFetchTimeoutMs: 0 },
      {
        onAssignment: () => heard.push(who),
        onNoAssignment: (reason) => heard.push(`${who} ${reason}`),
      },
    );
  const first = watch('first', { kind: 'ads' });
  ads.send('a', assignment);
  const second = watch('second', { kind: 'ads' });
  watch('third', { kind: 'file', path: '/a.json' });
  assert.deepEqual(heard, ['first', 'second']);
  assert.deepEqual([ads.subscribed, file.subscribed], [['a'], ['a']]);
  file.send('a', assignment);
  assert.deepEqual(heard, ['first', 'second', 'third']);
  first.close();
  assert.equal(ads.watcherCount('a'), 1);
  second.close();
  assert.deepEqual([ads.watcherCount('a'), file.watcherCount('a')], [0, 1]);
});
