import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { cluster, listener, manager, type Json } from '../statistics/bootstrap-parts.ts';
import { askPipe } from './pipe-request.ts';

const program = path.join(import.meta.dirname, '../../src/main.ts');
const patience = { clock: systemClock, deadlineMs: 20_000, intervalMs: 20 };

function bootstrap(folder: string, answer: string): Json {
  const pipe = (name: string): Json => ({ pipe: { path: path.join(folder, name) } });
  const routes = [
    { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: answer } } },
  ];
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: pipe('up') } }] }];
  return {
    node: { id: 'n', cluster: 'c' },
    admin: { address: pipe(`admin-${answer}`) },
    static_resources: {
      listeners: ['one', 'two'].map((name) => listener(name, manager(name, routes), { address: pipe(name) })),
      clusters: [cluster('up', [], { load_assignment: { cluster_name: 'up', endpoints } })],
    },
  };
}

/** Two workers; ready when this returns. */
async function startSidecar(t: TestContext, folder: string, answer: string) {
  const file = path.join(folder, `${answer}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(folder, answer)));
  const child = spawn(process.execPath, [program, '-c', file, '--concurrency', '2'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  t.after(stop);
  const admin = (url: string): Promise<string> =>
    askPipe(path.join(folder, `admin-${answer}`), url).then(({ body }) => body);
  const isReady = async (): Promise<boolean> => {
    assert.equal(child.exitCode, null);
    return (await admin('/ready').catch(() => '')).startsWith('LIVE');
  };
  await waitUntil('the sidecar is ready', isReady, patience);
  return {
    admin,
    stop,
    async end(): Promise<void> {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

test('a sidecar whose every address is a pipe, and its successor on the same ones', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => path.join(folder, name);
  const ask = async (name: string): Promise<string> => (await askPipe(at(name), '/')).body;

  const first = await startSidecar(t, folder, 'first');
  assert.equal(await first.admin('/listeners'), `one::${at('one')}\ntwo::${at('two')}\n`);
  const statuses = JSON.parse(await first.admin('/listeners?format=json')) as {
    listener_statuses: unknown[];
  };
  assert.deepEqual(statuses.listener_statuses[0], {
    name: 'one',
    local_address: { pipe: { path: at('one') } },
  });
  assert.match(await first.admin('/clusters'), new RegExp(`up::${at('up')}::weight::1\n`));
  assert.match(await first.admin('/clusters?format=json'), new RegExp(`"pipe": {\\s+"path": "${at('up')}"`));
  for (let count = 0; count < 4; count++) assert.equal((await ask('one')) + (await ask('two')), 'firstfirst');
  // Each pipe has one worker that accepts.
  const accepted = (await first.admin('/stats?filter=worker_..downstream_cx_total'))
    .split('\n')
    .filter((line) => line.startsWith('listener.') && !line.endsWith(' 0'));
  assert.deepEqual(
    accepted.map((line) => line.replace(folder, '').replace(/worker_[01]/, 'worker')),
    ['listener./one.worker.downstream_cx_total: 4', 'listener./two.worker.downstream_cx_total: 4'],
  );

  const second = await startSidecar(t, folder, 'second');
  assert.equal((await ask('one')) + (await ask('two')), 'secondsecond');
  // The end of the one before takes nothing away.
  await first.end();
  assert.equal((await ask('one')) + (await ask('two')), 'secondsecond');
  await second.end();
  assert.ok(existsSync(at('one')));
});
