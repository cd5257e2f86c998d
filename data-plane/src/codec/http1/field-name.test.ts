import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerCaseToken } from './byte-tables.ts';
import { FieldNameTable, emptyNameHash, hashNameByte, hostField, plainField } from './field-name.ts';

function lookup(table: FieldNameTable, text: string): ReturnType<FieldNameTable['lookup']> {
  const bytes = Buffer.from(`xx${text}yy`, 'latin1');
  let hash = emptyNameHash;
  for (let at = 2; at < bytes.length - 2; at++) hash = hashNameByte(hash, lowerCaseToken[bytes[at]!]!);
  return table.lookup(bytes, 2, bytes.length - 2, hash);
}

test('a known name is one object in any case', () => {
  const table = new FieldNameTable();
  assert.equal(lookup(table, 'HoSt'), lookup(table, 'host'));
  assert.equal(lookup(table, 'Host').text, 'host');
  assert.equal(lookup(table, 'Host').kind, hostField);
});

test('an unknown name is remembered, a long one is not', () => {
  const table = new FieldNameTable();
  assert.equal(lookup(table, 'X-Mine'), lookup(table, 'x-mine'));
  assert.equal(lookup(table, 'X-Mine').text, 'x-mine');
  const long = 'x'.repeat(65);
  assert.notEqual(lookup(table, long), lookup(table, long));
  assert.equal(lookup(table, long).text, long);
});

test('names whose hashes collide stay apart, known ones and remembered ones', () => {
  const table = new FieldNameTable();
  assert.equal(lookup(table, 'hou6').hash, lookup(table, 'host').hash);
  assert.equal(lookup(table, 'hou6').text, 'hou6');
  assert.equal(lookup(table, 'hou6').kind, plainField);
  assert.equal(lookup(table, 'host').kind, hostField);
  assert.equal(lookup(table, 'x-a~').hash, lookup(table, 'x-b_').hash);
  assert.equal(lookup(table, 'x-a~').text, 'x-a~');
  assert.equal(lookup(table, 'x-b_').text, 'x-b_');
});
