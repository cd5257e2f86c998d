import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock } from '@heddle/shared/time/clock';
import { createSupervisor, type SupervisorEvent } from './supervisor.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'heddle-supervisor-'));
after(() => rmSync(folder, { recursive: true }));

const wait = { clock: systemClock, deadlineMs: 10_000, intervalMs: 5 };

function setUp() {
  const clock = createFakeClock();
  const events: SupervisorEvent[] = [];
  const givenUp: string[] = [];
  const supervisor = createSupervisor({
    clock,
    onEvent: (event) => events.push(event),
    onGiveUp: (name) => givenUp.push(name),
  });
  const pauses = (): (number | undefined)[] =>
    events.flatMap((event) => (event.kind === 'exited' ? [event.restartInMs] : []));
  const starts = (): number => events.filter(({ kind }) => kind === 'started').length;
  const spec = (command: readonly [string, ...string[]]) => ({
    name: 'child',
    command,
    logFile: path.join(folder, 'child.log'),
  });
  return { clock, supervisor, givenUp, pauses, starts, spec };
}

const sleeper = ['sleep', '600'] as const;

test('a process that dies is started again, with growing pauses; one that keeps dying is given up', async () => {
  const { clock, supervisor, givenUp, pauses, starts, spec } = setUp();
  supervisor.arm();
  supervisor.start(spec(['false']));
  for (let deaths = 1; deaths < 6; deaths++) {
    await waitUntil(`death ${deaths}`, () => pauses().length === deaths, wait);
    assert.equal(clock.pendingTimerCount, 1, 'nothing restarts before its time');
    clock.advance(pauses().at(-1) ?? 0);
  }
  await waitUntil('giving up', () => givenUp.length === 1, wait);
  assert.deepEqual(pauses(), [200, 400, 800, 1600, 3200, undefined]);
  assert.equal(starts(), 6);
  await supervisor.stopAll(1000);
});

test('before it is armed, and after a final crash, nothing is started again', async () => {
  const { clock, supervisor, pauses, starts, spec } = setUp();
  supervisor.start(spec(['false']));
  await waitUntil('the death', () => pauses().length === 1, wait);
  supervisor.arm();
  const child = supervisor.start(spec(sleeper));
  await child.crash({ isFinal: true });
  assert.equal(child.current.exit?.signal, 'SIGKILL');
  await waitUntil('the second death', () => pauses().length === 2, wait);
  assert.deepEqual(pauses(), [undefined, undefined]);
  assert.equal(clock.pendingTimerCount, 0);
  assert.equal(starts(), 2);
});

test('stopping ends everything, a pending restart too, and nothing starts after it', async () => {
  const { clock, supervisor, pauses, starts, spec } = setUp();
  supervisor.arm();
  const child = supervisor.start(spec(sleeper));
  supervisor.start(spec(['false']));
  await waitUntil('a death', () => pauses().length === 1, wait);
  await supervisor.stopAll(1000);
  assert.equal(child.current.exit?.signal, 'SIGTERM');
  clock.advance(10_000);
  assert.equal(starts(), 2);
  assert.throws(() => supervisor.start(spec(sleeper)), /the mesh is ending/);
});
