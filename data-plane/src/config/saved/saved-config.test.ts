import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import { readKeyFile } from './read-key-file.ts';
import { createSavedConfig, type SavedConfig } from './saved-config.ts';
import type { SavedType } from './saved-resources.ts';

const api = loadApi();
const owner = { nodeId: 'n', nodeCluster: 'c' };

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'saved-config-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function open(path: string, key?: Uint8Array): { saved: SavedConfig; stats: RecordingStats } {
  const stats = new RecordingStats();
  const saved = createSavedConfig({
    path,
    key,
    waitMs: 1000,
    owner,
    api,
    clock: createFakeClock(),
    logger: createSilentLogger(),
    stats,
    yieldTurn: () => setImmediate(),
  });
  return { saved, stats };
}

const secretName = 'envoy.extensions.transport_sockets.tls.v3.Secret';
const secrets: SavedType = {
  typeUrl: typeUrls.secret,
  version: '1',
  resources: [
    {
      name: 'own',
      version: '1',
      bytes: api.encode(secretName, {
        name: 'own',
        tlsCertificate: { certificateChain: { inlineString: 'c' }, privateKey: { inlineString: 'hunter2' } },
      }),
    },
    {
      name: 'ca',
      version: '1',
      bytes: api.encode(secretName, { name: 'ca', validationContext: { trustedCa: { inlineString: 'ca' } } }),
    },
  ],
};

async function save(path: string, types: readonly SavedType[], key?: Uint8Array): Promise<RecordingStats> {
  const { saved, stats } = open(path, key);
  const source = saved.source('ads');
  source.setHeld(() => types);
  source.onChanged();
  saved.onLive();
  await saved.stop();
  return stats;
}

async function namesIn(path: string, key?: Uint8Array): Promise<string[]> {
  const types = await open(path, key).saved.source('ads').load();
  return [...(types?.values() ?? [])].flatMap(({ resources }) => resources.map(({ name }) => name));
}

test('private keys are written only where a key encrypts them; what holds none is written anyway', async (context) => {
  const folder = temporaryFolder(context);
  const [plain, encrypted] = [join(folder, 'a', 'plain'), join(folder, 'encrypted')];
  const key = randomBytes(32);
  await save(plain, [secrets]);
  await save(encrypted, [secrets], key);
  assert.deepEqual(await namesIn(plain), ['ca']);
  assert.ok(!readFileSync(plain).includes('hunter2'));
  assert.deepEqual(await namesIn(encrypted, key), ['own', 'ca']);
  const versionOf = async (path: string, one?: Uint8Array) =>
    (await open(path, one).saved.source('ads').load())?.get(typeUrls.secret)?.version;
  assert.deepEqual([await versionOf(plain), await versionOf(encrypted, key)], ['', '1']);
  assert.ok(!readFileSync(encrypted).includes('hunter2'));
});

test('the file is its owner’s alone, replaces the one before as a whole, and writes through no link', async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'saved');
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'untouched');
  symlinkSync(victim, `${path}.tmp`);
  const stats = await save(path, [secrets]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
  assert.deepEqual(readdirSync(folder).sort(), ['saved', 'victim']);
  assert.equal(stats.read('saved_config.size'), statSync(path).size);
});

test('nothing is written before the process is live, nor when no control plane ever answered', async (context) => {
  const path = join(temporaryFolder(context), 'saved');
  const early = open(path);
  early.saved.source('ads').onChanged();
  await early.saved.stop();
  const lonely = open(path);
  lonely.saved.source('ads').setHeld(() => []);
  lonely.saved.onLive();
  await lonely.saved.stop();
  assert.throws(() => statSync(path));
});

test('a file that cannot be written is counted and tried again at the end', async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, 'file'), '');
  const stats = await save(join(folder, 'file', 'saved'), [secrets]);
  assert.equal(stats.read('saved_config.write_failures'), 1);
  assert.equal(stats.read('saved_config.writes'), 0);
});

test('a missing file is no error; one that is damaged or unreadable is refused with the reason', async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'saved');
  const missing = open(path);
  assert.equal(await missing.saved.source('ads').load(), undefined);
  assert.equal(missing.stats.read('saved_config.file_refused'), 0);
  writeFileSync(path, 'noise');
  const damaged = open(path);
  assert.equal(await damaged.saved.source('ads').load(), undefined);
  assert.equal(damaged.saved.inspect().refusal, 'it is not a saved configuration');
  const unreadable = open(folder);
  assert.equal(await unreadable.saved.source('ads').load(), undefined);
  assert.equal(unreadable.stats.read('saved_config.file_refused'), 1);
});

test('it says what serves: the file until each stream that took from it has an answer', async (context) => {
  const path = join(temporaryFolder(context), 'saved');
  await save(path, [secrets]);
  const { saved, stats } = open(path);
  const source = saved.source('ads');
  await source.load();
  source.onRestored(1, 2);
  await setImmediate();
  assert.equal(stats.read('saved_config.in_use'), 1);
  assert.equal(saved.inspect().serving, 'file');
  assert.equal(saved.inspect().startedFrom?.unusableCount, 2);
  source.onReconciled();
  assert.equal(stats.read('saved_config.in_use'), 0);
  assert.equal(saved.inspect().serving, 'control plane');
});

test('a key is 32 bytes, as they are or as text, and anything else says what it should be', (context) => {
  const folder = temporaryFolder(context);
  const key = randomBytes(32);
  const path = join(folder, 'key');
  for (const content of [key, `${key.toString('hex')}\n`, `${key.toString('base64')}\n`]) {
    writeFileSync(path, content);
    assert.deepEqual(readKeyFile(path), key);
  }
  writeFileSync(path, 'short');
  assert.throws(
    () => readKeyFile(path),
    (error) =>
      error instanceof HeddleError &&
      /must hold 32 bytes/.test(error.message) &&
      !/short/.test(error.message),
  );
  assert.throws(() => readKeyFile(join(folder, 'none')), HeddleError);
});
