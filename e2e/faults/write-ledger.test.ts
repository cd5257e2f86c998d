import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteLedger } from './write-ledger.ts';

test('what was acknowledged last must be there', () => {
  const ledger = new WriteLedger();
  ledger.acknowledged('a', '1');
  ledger.acknowledged('a', '2');
  assert.deepEqual(ledger.lost(new Map([['a', '2']])), []);
  assert.deepEqual(ledger.lost(new Map([['a', '1']])), ['a is 1, not 2']);
  assert.deepEqual(ledger.lost(new Map()), ['a is absent, not 2']);
  assert.equal(ledger.acknowledgedCount, 2);
});

test('what is in doubt may be there, until the next acknowledgement', () => {
  const ledger = new WriteLedger();
  ledger.doubtful('a', '1');
  assert.deepEqual(ledger.lost(new Map()), []);
  assert.deepEqual(ledger.lost(new Map([['a', '1']])), []);
  ledger.acknowledged('a', '2');
  ledger.doubtful('a', '3');
  ledger.doubtful('a', '4');
  for (const value of ['2', '3', '4']) assert.deepEqual(ledger.lost(new Map([['a', value]])), []);
  assert.deepEqual(ledger.lost(new Map([['a', '1']])), ['a is 1, not 2 or 3 or 4']);
});

test('what was refused must not be there', () => {
  const ledger = new WriteLedger();
  ledger.acknowledged('a', '1');
  ledger.refused();
  assert.deepEqual(ledger.lost(new Map([['a', '2']])), ['a is 2, not 1']);
});
