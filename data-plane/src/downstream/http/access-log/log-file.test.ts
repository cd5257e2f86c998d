import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { LogFiles, logFileStats } from './log-file.ts';
import { createCountingStats } from '../../testing/counting-stats.ts';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('lines are written in batches, and the file is opened anew after a rotation', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'log-file-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'access.log');
  const clock = createFakeClock();
  const stats = createCountingStats();
  const files = new LogFiles({
    clock,
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger: createSilentLogger(),
  });

  const file = files.open({ kind: 'file', path });
  assert.equal(files.open({ kind: 'file', path }), file);
  file.write('one\n');
  file.write('zwei ü\n');
  assert.equal(readFileSync(path, 'utf8'), '');
  clock.advance(1_000);
  await until(() => readFileSync(path, 'utf8') === 'one\nzwei ü\n');
  await until(() => stats.value('filesystem.write_completed') === 1);

  renameSync(path, `${path}.1`);
  files.reopen();
  assert.ok(existsSync(path));
  file.write('three\n');
  files.close();
  assert.equal(readFileSync(path, 'utf8'), 'three\n');
  assert.equal(clock.pendingTimerCount, 0);
});

test('a large batch does not wait for the timer', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'log-file-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'access.log');
  const clock = createFakeClock();
  const stats = logFileStats.create(createCountingStats());
  const files = new LogFiles({ clock, stats, logger: createSilentLogger() });
  const line = `${'x'.repeat(1023)}\n`;
  for (let index = 0; index < 64; index++) files.open({ kind: 'file', path }).write(line);
  await until(() => readFileSync(path).length === 64 * 1024);
  files.close();
});

test('a full disk is counted and reaches no caller', async () => {
  const clock = createFakeClock();
  const stats = createCountingStats();
  const files = new LogFiles({
    clock,
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger: createSilentLogger(),
  });
  const full = files.open({ kind: 'file', path: '/dev/full' });
  full.write('lost\n');
  clock.advance(1_000);
  await until(() => stats.value('filesystem.write_failed') === 1);
  assert.equal(stats.value('filesystem.lines_dropped'), 1);

  const missing = files.open({ kind: 'file', path: '/nowhere/access.log' });
  assert.equal(stats.value('filesystem.reopen_failed'), 1);
  missing.write('lost\n');
  clock.advance(1_000);
  assert.equal(stats.value('filesystem.lines_dropped'), 2);
  files.close();
});

test('a sink that takes nothing any more loses lines, not memory, and is read on later', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'log-file-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const stats = createCountingStats();
  const files = new LogFiles({
    clock: createFakeClock(),
    stats: logFileStats.create(stats.scope('filesystem.')),
    logger: createSilentLogger(),
  });
  const file = files.open({ kind: 'file', path });
  const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  // The first one is stuck in the pipe, sixteen and the one that passes the limit wait, the others are lost.
  for (let index = 0; index < 30; index++) file.write(line);
  assert.equal(stats.value('filesystem.lines_dropped'), 12);
  assert.equal(stats.value('filesystem.write_completed'), 0);

  let readCount = 0;
  const buffer = Buffer.alloc(1024 * 1024);
  await until(() => {
    try {
      readCount += readSync(reader, buffer);
    } catch {
      // Nothing there just now.
    }
    return readCount === 18 * line.length;
  });
  await until(() => stats.value('filesystem.write_completed') === 2);
  files.close();
  closeSync(reader);
});
