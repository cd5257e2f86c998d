import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../time/clock.ts';
import { describeExit, startProcess, type ManagedProcess } from './managed-process.ts';
import { waitUntil } from './wait-until.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'heddle-processes-'));
after(() => rmSync(folder, { recursive: true }));

function start(name: string, ...command: [string, ...string[]]): ManagedProcess {
  return startProcess({ name, command, logFile: path.join(folder, `${name}.log`) }, systemClock);
}

const logOf = (name: string): string => readFileSync(path.join(folder, `${name}.log`), 'utf8');
const wait = { clock: systemClock, deadlineMs: 5000 };
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a process ends by SIGTERM, its output is in the log, and stopping twice is the same', async () => {
  const child = start('polite', 'node', '-e', 'console.log("up"); setInterval(() => {}, 1000)');
  await waitUntil('output', () => logOf('polite').includes('up'), wait);
  assert.equal((await child.stop(5000)).signal, 'SIGTERM');
  assert.equal(describeExit(await child.stop(5000)), 'was ended by SIGTERM');
});

test('a process that ignores SIGTERM is killed after the deadline', async () => {
  const child = start(
    'stubborn',
    'node',
    '-e',
    'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)',
  );
  await waitUntil('output', () => logOf('stubborn').includes('up'), wait);
  assert.equal((await child.stop(50)).signal, 'SIGKILL');
});

test('an exit code and a program that does not exist are told apart', async () => {
  assert.equal(
    describeExit(await start('code', 'node', '-e', 'process.exitCode = 3').exited),
    'ended with 3',
  );
  assert.match(describeExit(await start('none', '/nowhere/program').exited), /could not be started.*ENOENT/);
});

test('a child does not outlive a parent that was killed', async () => {
  const module = new URL('./managed-process.ts', import.meta.url).href;
  const clock = new URL('../time/clock.ts', import.meta.url).href;
  const parent = start(
    'parent',
    'node',
    '--input-type=module',
    '-e',
    `const { startProcess } = await import('${module}');
     const { systemClock } = await import('${clock}');
     const child = startProcess({ name: 'child', command: ['node', '-e', 'setInterval(() => {}, 1000)'],
       logFile: '${path.join(folder, 'child.log')}' }, systemClock);
     console.log('pid', child.pid);`,
  );
  const pid = await waitUntil('child', () => /pid (\d+)/.exec(logOf('parent'))?.[1], wait).then(Number);
  assert.ok(isAlive(pid));
  parent.kill('SIGKILL');
  await parent.exited;
  await waitUntil('the end of the child', () => !isAlive(pid), wait);
});

test('waiting ends with the last error', async () => {
  const look = (): boolean => {
    throw new Error('refused');
  };
  await assert.rejects(
    waitUntil('the door', look, { clock: systemClock, deadlineMs: 30, intervalMs: 5 }),
    /the door: not within 30 ms: refused/,
  );
});
