import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receipt } from './mux-state.ts';
import { SotwMuxState, type SotwRequest } from './sotw-mux-state.ts';

const cds = 'cds';
const eds = 'eds';
const noChanges = { accepted: [], removed: [] };

function opened(): SotwMuxState {
  const state = new SotwMuxState();
  state.openStream();
  return state;
}

/** `type version/nonce [names] error`, one for each request that is due. */
function sent(state: SotwMuxState): string[] {
  const lines: string[] = [];
  for (let request = state.nextRequest(); request !== undefined; request = state.nextRequest()) {
    lines.push(describe(request));
  }
  return lines;
}

function describe({ typeUrl, versionInfo, responseNonce, resourceNames, errorDetail }: SotwRequest): string {
  const error = errorDetail === undefined ? '' : ` ${errorDetail.code}:${errorDetail.message}`;
  return `${typeUrl} ${versionInfo}/${responseNonce} [${resourceNames?.join(' ')}]${error}`;
}

function receive(
  state: SotwMuxState,
  typeUrl: string,
  version: string,
  nonce: string,
  isEmpty = false,
): Receipt {
  return state.receive({ typeUrl, version, nonce, isEmpty });
}

function accept(state: SotwMuxState, typeUrl: string, version: string, nonce: string): void {
  state.conclude(receive(state, typeUrl, version, nonce), { kind: 'accepted', changes: noChanges });
}

function refuse(state: SotwMuxState, typeUrl: string, version: string, nonce: string): void {
  const error = { code: 13, message: 'bad' };
  state.conclude(receive(state, typeUrl, version, nonce), { kind: 'refused', error, changes: noChanges });
}

test('a first request carries neither version nor nonce; changes of one turn are one request', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  state.addInterest(eds, ['a']);
  state.addInterest(eds, ['b']);
  assert.deepEqual(sent(state), ['cds / []', 'eds / [a b]']);
  assert.deepEqual(sent(state), []);
});

test('ACK: the version and the nonce of the response', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  sent(state);
  accept(state, cds, '1', 'n1');
  assert.deepEqual(sent(state), ['cds 1/n1 []']);
});

test('NACK: the last accepted version, the nonce of the refused response, the reason', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  sent(state);
  refuse(state, cds, '1', 'n1');
  assert.deepEqual(sent(state), ['cds /n1 [] 13:bad']);
  accept(state, cds, '2', 'n2');
  refuse(state, cds, '3', 'n3');
  assert.deepEqual(sent(state), ['cds 2/n3 [] 13:bad']);
  state.addInterest(cds, ['x']);
  assert.deepEqual(sent(state), ['cds 2/n3 [* x]'], 'the reason is said once');
});

test('the nonce moves on at arrival, so that a change sent meanwhile is not stale', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  const receipt = receive(state, eds, '1', 'n1');
  state.addInterest(eds, ['b']);
  assert.deepEqual(sent(state), ['eds /n1 [a b]']);
  state.conclude(receipt, { kind: 'accepted', changes: noChanges });
  assert.deepEqual(sent(state), ['eds 1/n1 [a b]']);
});

test('a paused type sends one request, the ACK, with the final names', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  const receipt = receive(state, eds, '1', 'n1');
  state.pause(eds);
  state.pause(eds);
  state.addInterest(eds, ['b']);
  state.removeInterest(eds, ['a']);
  state.resume(eds);
  assert.deepEqual(sent(state), []);
  state.conclude(receipt, { kind: 'accepted', changes: noChanges });
  state.resume(eds);
  assert.deepEqual(sent(state), ['eds 1/n1 [b]']);
});

test('requests stand in the order of first subscription', () => {
  const state = new SotwMuxState();
  for (const type of ['cds', 'eds', 'lds', 'rds'])
    state.addInterest(type, type.startsWith('e') ? ['a'] : undefined);
  state.openStream();
  assert.deepEqual(
    sent(state).map((line) => line.slice(0, 3)),
    ['cds', 'eds', 'lds', 'rds'],
  );
  accept(state, 'lds', '1', 'n2');
  accept(state, 'cds', '1', 'n1');
  assert.deepEqual(
    sent(state).map((line) => line.slice(0, 3)),
    ['cds', 'lds'],
  );
});

test('a new stream: no nonce, the accepted version, all names again', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  accept(state, eds, '1', 'n1');
  sent(state);
  state.closeStream();
  state.addInterest(eds, ['b']);
  assert.deepEqual(sent(state), [], 'nothing is sent without a stream');
  state.openStream();
  assert.deepEqual(sent(state), ['eds 1/ [a b]']);
});

test('a response whose stream is gone counts, and is not acknowledged', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  sent(state);
  const receipt = receive(state, cds, '1', 'n1');
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds / []']);
  state.conclude(receipt, { kind: 'accepted', changes: noChanges });
  assert.deepEqual(sent(state), []);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds 1/ []']);
});

test('the wildcard after names is said explicitly, within a stream', () => {
  const state = opened();
  state.addInterest(cds, ['x']);
  assert.deepEqual(sent(state), ['cds / [x]']);
  state.addInterest(cds, undefined);
  state.removeInterest(cds, ['x']);
  assert.deepEqual(sent(state), ['cds / [*]']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds / []']);
});

test('names that are all given back: an empty list, which means nothing', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  state.removeInterest(eds, ['a']);
  assert.deepEqual(sent(state), ['eds / []']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), [], 'on a stream that saw no name it would mean everything');
});

test('a type that nobody watches: an empty response is silent, another one moves the nonce without a reason', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  accept(state, eds, '1', 'n1');
  state.removeInterest(eds, ['a']);
  sent(state);
  const full = receive(state, eds, '2', 'n2');
  assert.equal(full.isUnwatched, true);
  state.conclude(full, { kind: 'unwatched' });
  assert.deepEqual(sent(state), ['eds 1/n2 []']);
  state.conclude(receive(state, eds, '3', 'n3', true), { kind: 'unwatched' });
  assert.deepEqual(sent(state), []);
  state.addInterest(eds, ['b']);
  assert.deepEqual(sent(state), ['eds 3/n3 [b]']);
});
