import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from './logger.ts';
import { createLogSink } from './log-sink.ts';

/** A descriptor that does what the test says, one answer for each write: a number of bytes, or an error's code. */
function createFakeDescriptor() {
  const answers: (number | string)[] = [];
  let text = '';
  const sink = createLogSink({
    fd: 99,
    formatLoss: (count, reason) => `lost ${count}: ${reason}\n`,
    writeBytes(_fd, bytes, offset, length) {
      const answer = answers.shift() ?? length;
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer });
      text += bytes.toString('utf8', offset, offset + answer);
      return answer;
    },
  });
  return { sink, answers, text: () => text };
}

test('a line that the descriptor takes in parts is written whole', () => {
  const { sink, answers, text } = createFakeDescriptor();
  answers.push(2, 'EAGAIN', 1);
  sink.write('one\n');
  sink.write('two\n');
  assert.equal(text(), 'one\ntwo\n');
});

test('lines that a full disk takes not are dropped, and the first that it takes again says how many', () => {
  const { sink, answers, text } = createFakeDescriptor();
  answers.push('ENOSPC', 'ENOSPC', 'ENOSPC');
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) sink.write(line);
  assert.equal(text(), 'lost 3: ENOSPC\nfour\n');
  sink.write('five\n');
  assert.equal(text(), 'lost 3: ENOSPC\nfour\nfive\n');
});

test('what follows a line that stands there in part begins a line of its own', () => {
  const { sink, answers, text } = createFakeDescriptor();
  answers.push(2, 'ENOSPC');
  sink.write('one\n');
  sink.write('two\n');
  assert.equal(text(), 'on\nlost 1: ENOSPC\ntwo\n');
});

test('a pipe that stays full is waited for once, not for each line', () => {
  const { sink, answers, text } = createFakeDescriptor();
  answers.push(...new Array<string>(21).fill('EAGAIN'));
  sink.write('one\n');
  sink.write('two\n');
  assert.deepEqual([answers.length, text()], [0, '']);
  sink.write('three\n');
  assert.equal(text(), 'lost 2: EAGAIN\nthree\n');
});

test('a logger on a full device lives on', { skip: process.platform !== 'linux' && 'no /dev/full' }, () => {
  const fd = openSync('/dev/full', 'w');
  try {
    const logger = createLogger({ level: 'info', process: 'test', fd });
    for (let index = 0; index < 100; index++) logger.warn('into the void');
  } finally {
    closeSync(fd);
  }
});

test('the line that counts the lost ones is a log line like the others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-log-'));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const logger = createLogger({ level: 'info', process: 'test', fd });
  closeSync(fd);
  logger.warn('lost');
  // The same number again: the lowest that is free.
  assert.equal(openSync(path, 'a'), fd);
  try {
    logger.warn('kept');
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const [loss, kept] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.match(String(loss?.['time']), /^\d{4}-\d\d-\d\dT/);
    delete loss?.['time'];
    assert.deepEqual(loss, {
      level: 'warn',
      process: 'test',
      count: 1,
      reason: 'EBADF',
      msg: 'log lines were lost',
    });
    assert.equal(kept?.['msg'], 'kept');
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});
