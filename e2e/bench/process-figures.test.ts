import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSecondsOf, parseCpuSeconds, parseResidentBytes, residentBytesOf } from './process-figures.ts';

test("CPU time is read behind the program's name, whatever that holds", () => {
  const stat = '12 (a (b) c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 11 0 100 1000 200';
  assert.equal(parseCpuSeconds(stat), 3);
});

test('resident memory is read in bytes', () => {
  assert.equal(parseResidentBytes('VmHWM:\t 900 kB\nVmRSS:\t     512 kB\n'), 512 * 1024);
  assert.throws(() => parseResidentBytes('Name:\tgone\n'), /no memory any more/);
});

test('a process has both', { skip: process.platform !== 'linux' && 'only Linux has /proc' }, () => {
  assert.ok(residentBytesOf(process.pid) > 1024 * 1024);
  assert.ok(cpuSecondsOf(process.pid) >= 0);
});
