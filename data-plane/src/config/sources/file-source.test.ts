import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { systemClock } from '@heddle/shared/time/clock';
import { createSubscriptionStats } from '../ads/subscription-stats.ts';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import { decoderOptions, resourceTypes } from '../resources/testing/decode-yaml.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { ResourceWatcher } from '../subscription.ts';
import { FileSource } from './file-source.ts';
import { LineWatcher } from './testing/line-watcher.ts';

const { api } = decoderOptions;

function start<T>(t: TestContext, type: ResourceType<T>, content: string, name = 'x.yaml') {
  const folder = mkdtempSync(join(tmpdir(), 'file-source-'));
  const path = join(folder, name);
  writeFileSync(path, content);
  const file = { kind: 'file', path } as const;
  const source = new FileSource(type, file, { api, clock: systemClock, logger: createSilentLogger() });
  t.after(() => {
    source.stop();
    rmSync(folder, { recursive: true });
  });
  const stats = new RecordingStats();
  const watcher = new LineWatcher();
  return {
    source,
    stats,
    watcher,
    subscribe: (names: readonly string[] | undefined, who: ResourceWatcher<unknown> = watcher) =>
      source.subscribe(names, who, 0, createSubscriptionStats(stats.scope('s.'), 'file')),
    /** As whoever replaces configurations should. */
    replace(text: string): void {
      writeFileSync(`${path}.next`, text);
      renameSync(`${path}.next`, path);
    },
    remove: () => rmSync(path),
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) await setImmediate();
    },
    counts: () =>
      ['update_attempt', 'update_success', 'update_rejected', 'update_failure'].map((one) =>
        stats.read(`s.${one}`),
      ),
  };
}

const clusters = (version: string, ...names: string[]): string =>
  `{ version_info: "${version}", resources: [ ${names
    .map((name) => `{ "@type": ${resourceTypes.cluster.typeUrl}, ${name} }`)
    .join()} ] }`;
const assignments = (version: string, ...names: string[]): string =>
  `{ version_info: "${version}", resources: [ ${names
    .map((name) => `{ "@type": ${resourceTypes.endpoints.typeUrl}, cluster_name: ${name} }`)
    .join()} ] }`;

test('a file of clusters is the whole set: what is missing in the next one is gone', async (t) => {
  const file = start(t, resourceTypes.cluster, clusters('1', 'name: a', 'name: b'));
  file.subscribe(undefined);
  await file.until(() => file.watcher.lines.length === 1);
  file.replace(clusters('2', 'name: b, connect_timeout: 1s', 'name: c'));
  await file.until(() => file.watcher.lines.length === 2);
  assert.deepEqual(file.watcher.lines, ['1 +a,b -', '2 +b,c -a']);
  assert.deepEqual(file.counts(), [2, 2, 0, 0]);
  assert.equal(file.stats.readText('s.version_text'), '2');
});

test('what cannot be read, or is refused, changes nothing and is counted as in Envoy', async (t) => {
  const file = start(t, resourceTypes.cluster, clusters('1', 'name: a'));
  file.subscribe(undefined);
  await file.until(() => file.watcher.lines.length === 1);
  file.replace('{ resources: [');
  await file.until(() => file.watcher.lines.length === 2);
  file.replace(clusters('2', 'name: a, lb_policy: NONE_SUCH'));
  await file.until(() => file.watcher.lines.length === 3);
  file.replace(clusters('3', 'name: a, connect_timeout: 0s', 'name: b'));
  await file.until(() => file.watcher.lines.length === 4);
  file.replace(`{ resources: [ { "@type": ${resourceTypes.listener.typeUrl}, name: l } ] }`);
  await file.until(() => file.watcher.lines.length === 5);
  assert.deepEqual(file.watcher.lines, ['1 +a -', 'rejected ', 'rejected ', '3 +b -', 'rejected ']);
  assert.deepEqual(file.counts(), [5, 1, 3, 1]);
});

test('those who name resources of one file share its reading; a name that is not in it is refused', async (t) => {
  const file = start(t, resourceTypes.endpoints, assignments('1', 'a', 'b'));
  const [a, b, none] = [new LineWatcher(), new LineWatcher(), new LineWatcher()];
  file.subscribe(['a'], a);
  file.subscribe(['b'], b);
  const third = file.subscribe(['none'], none);
  await file.until(() => none.lines.length === 1);
  assert.deepEqual([a.lines, b.lines, none.lines], [['1 +a -'], ['1 +b -'], ['rejected none']]);
  assert.deepEqual(file.counts(), [3, 2, 1, 0]);
  third.close();
  file.replace(assignments('2', 'a', 'b', 'none'));
  await file.until(() => file.stats.read('s.update_success') === 4);
  assert.deepEqual([a.lines, b.lines, none.lines], [['1 +a -'], ['1 +b -'], ['rejected none']]);
});

test('whoever subscribes later to a name that nobody wanted before has the file read again', async (t) => {
  const file = start(t, resourceTypes.endpoints, assignments('1', 'a', 'b'));
  file.subscribe(['a']);
  await file.until(() => file.watcher.lines.length === 1);
  const late = new LineWatcher();
  file.subscribe(['b'], late);
  await file.until(() => late.lines.length === 1);
  assert.deepEqual(late.lines, ['1 +b -']);
});

test('a file that is deleted is no news, and the one that follows is read', async (t) => {
  const file = start(t, resourceTypes.endpoints, assignments('1', 'a'), 'x.yml');
  file.subscribe(['a']);
  await file.until(() => file.watcher.lines.length === 1);
  file.remove();
  file.replace(
    `{ version_info: "2", resources: [ { "@type": ${resourceTypes.endpoints.typeUrl}, cluster_name: a, policy: { overprovisioning_factor: 150 } } ] }`,
  );
  await file.until(() => file.watcher.lines.length === 2);
  assert.deepEqual(file.watcher.lines, ['1 +a -', '2 +a -']);
  assert.equal(file.stats.read('s.update_failure'), 0);
  assert.equal(file.source.status().resources[0]?.version, '2');
});
