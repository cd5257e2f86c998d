import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { usePeer } from '@heddle/shared/testing/peers';
import { startEchoServer } from './testing/echo-server.ts';

const run = promisify(execFile);
const go = usePeer('go');
let folder = '';
let program = '';

before(async () => {
  if (go.skip !== false) return;
  folder = mkdtempSync(path.join(tmpdir(), 'heddle-h2spec-'));
  program = path.join(folder, 'h2spec');
  // The first build on a machine downloads the modules.
  await run(go.path, ['install', 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible'], {
    env: { ...process.env, GOBIN: folder },
  });
});
after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

test('h2spec finds nothing in strict mode', { skip: go.skip }, async () => {
  await using server = await startEchoServer({ maxConcurrentStreams: 100 });
  // Every test waits at most that long for an answer; the last ones wait for none.
  const options = ['--strict', '--timeout', '1', '--host', '127.0.0.1', '--port', String(server.port)];
  const { stdout } = await run(program, options, { maxBuffer: 2 ** 24 }).catch((error: unknown) => {
    const { stdout: output = '' } = error as { stdout?: string };
    throw new Error(output.slice(output.indexOf('Failures:')));
  });
  assert.match(stdout, /146 tests, 146 passed, 0 skipped, 0 failed/);
});
