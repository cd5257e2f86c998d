import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createAdmin } from '../harness/admin.ts';
import { call } from '../harness/http-call.ts';
import { createHarness, repositoryRoot, until } from '../harness/harness.ts';
import { runShell } from '../harness/heddle-command.ts';

const readyWithinMs = 20_000;

test('npm start is ready in time, what it prints works as printed, and Ctrl-C ends everything', async () => {
  await using harness = createHarness('start');
  const runFolder = path.join(harness.folder, 'run');
  const startedMs = performance.now();
  let logFile = '';
  const mesh = await harness.start(
    {
      name: 'npm-start',
      command: ['npm', 'start', '--silent', '--', '--free-ports', '--run-folder', runFolder],
      cwd: repositoryRoot,
    },
    () => {
      logFile = path.join(harness.folder, '01-npm-start.log');
      return Promise.resolve(readFileSync(logFile, 'utf8').includes('The mesh is ready.'));
    },
  );
  assert.ok(performance.now() - startedMs <= readyWithinMs);

  const printed = readFileSync(logFile, 'utf8');
  const commands = [...printed.matchAll(/^# .*\n(.+)$/gm)].map(([, command = '']) => command);
  assert.ok(commands.length >= 4, printed);
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await runShell(command);
    assert.equal(exitCode, 0, `${command}\n${stderr}`);
    assert.notEqual(stdout.trim(), '', command);
    if (command.startsWith('curl')) assert.ok('service' in (JSON.parse(stdout) as object), stdout);
  }
  await until('the live view tells of the change', () =>
    readFileSync(logFile, 'utf8').includes('route catalog changed: catalog@v1 50, catalog@v2 50'),
  );

  // Both workers of the first sidecar answer on its outbound port.
  const sidecars = await findSidecars(runFolder);
  const { outbound, admin } = sidecars[0] ?? assert.fail('no sidecar is running');
  await until('both workers answer', async () => {
    assert.equal((await call(outbound, '/', { host: 'catalog' })).status, 200);
    const counts = await createAdmin(admin).connectionsByWorker(outbound);
    return counts.size === 2 && [...counts.values()].every((count) => count > 0);
  });

  const rest = Number(/HEDDLE_SERVER=http:\/\/127\.0\.0\.1:(\d+)/.exec(printed)?.[1]);
  assert.equal((await call(rest, '/readyz')).status, 200);
  await mesh.stop(15_000);
  await until('nothing of it runs any more', async () => (await findSidecars(runFolder)).length === 0);
  await assert.rejects(call(rest, '/readyz'), /ECONNREFUSED/);
});

/** Ports of the sidecars of `npm start`, told by the run folder of their control plane's registry. */
async function findSidecars(runFolder: string): Promise<readonly { outbound: number; admin: number }[]> {
  const { stdout } = await runShell('ps -eo args');
  const lines = stdout.split('\n');
  const controlPlane = lines.find((line) => line.includes(`--registry ${runFolder}`));
  const xdsPort = /--xds-port (\d+)/.exec(controlPlane ?? '')?.[1];
  if (xdsPort === undefined) return [];
  return lines
    .filter(
      (line) => line.includes(`--control-plane 127.0.0.1:${xdsPort} `) && line.includes('--node-id web-1'),
    )
    .map((line) => ({
      outbound: Number(/--outbound-port (\d+)/.exec(line)?.[1]),
      admin: Number(/--admin-port (\d+)/.exec(line)?.[1]),
    }));
}
