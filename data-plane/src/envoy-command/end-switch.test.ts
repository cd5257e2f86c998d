import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createEndSwitch } from './end-switch.ts';

function createSource() {
  const events: string[] = [];
  const emitter = new EventEmitter();
  const source = Object.assign(emitter, { exit: (code: number) => void events.push(`exit ${code}`) });
  const served = { quit: () => void events.push('quit'), reopenLogs: () => void events.push('reopen') };
  return { events, source, served };
}

test('a process that serves nothing yet ends at once', () => {
  const { events, source } = createSource();
  createEndSwitch(source);
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGINT']) source.emit(signal);
  assert.deepEqual(events, ['exit 0', 'exit 0']);
});

test('what serves ends in order, and opens its logs anew', () => {
  const { events, source, served } = createSource();
  createEndSwitch(source).connect(served);
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGINT']) source.emit(signal);
  assert.deepEqual(events, ['reopen', 'quit', 'quit']);
});
