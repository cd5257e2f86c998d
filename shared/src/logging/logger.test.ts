import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

function linesOf(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-log-'));
  const fd = openSync(join(folder, 'log'), 'w');
  try {
    write(createLogger({ level: 'info', process: 'test', fd }));
    const text = readFileSync(join(folder, 'log'), 'utf8');
    return text
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

test('a line is one JSON object with level, time, process and message', () => {
  const [line] = linesOf((logger) =>
    logger.child({ component: 'ads' }).warn({ node: 'n' }, 'update refused'),
  );
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT/);
  delete line?.['time'];
  assert.deepEqual(line, {
    level: 'warn',
    process: 'test',
    component: 'ads',
    node: 'n',
    msg: 'update refused',
  });
});

test('secrets do not reach the log, down to the third level', () => {
  const text = JSON.stringify(
    linesOf((logger) =>
      logger.info(
        {
          token: 'hush',
          tls: { privateKey: 'hush', key: { inlineString: 'hush', inlineBytes: 'hush' } },
          headers: { authorization: 'hush' },
        },
        'configured',
      ),
    ),
  );
  assert.doesNotMatch(text, /hush/);
  assert.equal(text.split('[redacted]').length, 6);
});

test('what is below the level is not written', () => {
  assert.deepEqual(
    linesOf((logger) => logger.debug('no')),
    [],
  );
});
