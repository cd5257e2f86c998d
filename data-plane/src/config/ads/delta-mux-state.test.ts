import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeltaMuxState, type DeltaRequest } from './delta-mux-state.ts';

const cds = 'cds';
const eds = 'eds';

function opened(): DeltaMuxState {
  const state = new DeltaMuxState();
  state.openStream();
  return state;
}

/** `type nonce +subscribe -unsubscribe {held} error`, one for each request that is due. */
function sent(state: DeltaMuxState): string[] {
  const lines: string[] = [];
  for (let request = state.nextRequest(); request !== undefined; request = state.nextRequest()) {
    lines.push(describe(request));
  }
  return lines;
}

function describe(request: DeltaRequest): string {
  const held = Object.entries(request.initialResourceVersions ?? {}).map(
    ([name, version]) => `${name}=${version}`,
  );
  const error =
    request.errorDetail === undefined ? '' : ` ${request.errorDetail.code}:${request.errorDetail.message}`;
  return `${request.typeUrl} ${request.responseNonce ?? ''} +${request.resourceNamesSubscribe?.join(',')} -${request.resourceNamesUnsubscribe?.join(',') ?? ''} {${held.join(' ')}}${error}`;
}

interface Response {
  readonly nonce: string;
  readonly accepted?: Readonly<Record<string, string>>;
  readonly removed?: readonly string[];
  readonly error?: string;
}

function answer(
  state: DeltaMuxState,
  typeUrl: string,
  { nonce, accepted = {}, removed = [], error }: Response,
): void {
  const receipt = state.receive({ typeUrl, version: '', nonce, isEmpty: false });
  const changes = {
    accepted: Object.entries(accepted).map(([name, version]) => ({ name, version })),
    removed,
  };
  state.conclude(
    receipt,
    error === undefined
      ? { kind: 'accepted', changes }
      : { kind: 'refused', error: { code: 13, message: error }, changes },
  );
}

test('first requests: names are subscribed, the wildcard alone is said by saying nothing', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  state.addInterest(eds, ['a', 'b']);
  assert.deepEqual(sent(state), ['cds  + - {}', 'eds  +a,b - {}']);
});

test('later requests carry the difference', () => {
  const state = opened();
  state.addInterest(eds, ['a', 'b']);
  sent(state);
  state.addInterest(eds, ['c']);
  state.removeInterest(eds, ['a']);
  assert.deepEqual(sent(state), ['eds  +c -a {}']);
  assert.deepEqual(sent(state), []);
});

test('every response gets its own ACK, with changes if there are any', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  answer(state, eds, { nonce: '1', accepted: { a: 'v1' } });
  answer(state, eds, { nonce: '2', accepted: { a: 'v2' } });
  state.addInterest(eds, ['b']);
  assert.deepEqual(sent(state), ['eds 1 +b - {}', 'eds 2 + - {}']);
});

test('a NACK has the reason; what was taken all the same is announced on the next stream', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  sent(state);
  answer(state, cds, { nonce: '1', accepted: { good: 'v1' }, error: 'bad' });
  assert.deepEqual(sent(state), ['cds 1 + - {} 13:bad']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds  + - {good=v1}']);
});

test('a new stream announces what is held, and asks again for what is waited for', () => {
  const state = opened();
  state.addInterest(eds, ['a', 'b', 'c']);
  sent(state);
  answer(state, eds, { nonce: '1', accepted: { a: 'v1', b: 'v1' } });
  answer(state, eds, { nonce: '2', removed: ['b'] });
  state.closeStream();
  state.openStream();
  assert.deepEqual(
    sent(state),
    ['eds  +a,b,c - {a=v1}'],
    'no ACK of the old stream, no version of what is gone',
  );
});

test('removed and added again before a request went out: subscribed anew', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  state.removeInterest(eds, ['a']);
  state.addInterest(eds, ['a']);
  assert.deepEqual(sent(state), ['eds  +a - {}']);
});

test('added and removed again: a superfluous unsubscribe, which is harmless', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  state.addInterest(eds, ['b']);
  state.removeInterest(eds, ['b']);
  assert.deepEqual(sent(state), ['eds  + -b {}']);
});

test('wildcard and names: what is no longer named is ambiguous until the server says', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  state.addInterest(cds, ['x']);
  assert.deepEqual(sent(state), ['cds  +*,x - {}']);
  answer(state, cds, { nonce: '1', accepted: { x: 'v1', y: 'v1' } });
  sent(state);
  state.removeInterest(cds, ['x']);
  assert.deepEqual(sent(state), ['cds  + -x {}']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds  +* - {x=v1 y=v1}']);
  answer(state, cds, { nonce: '2', removed: ['x'] });
  sent(state);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds  +* - {y=v1}']);
});

test('a resource of the wildcard that is then named keeps its version', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  sent(state);
  answer(state, cds, { nonce: '1', accepted: { y: 'v1' } });
  sent(state);
  state.addInterest(cds, ['y']);
  sent(state);
  state.removeInterest(cds, undefined);
  assert.deepEqual(sent(state), ['cds  + -* {}']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['cds  +y - {y=v1}']);
});

test('what nobody asked for is not held', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  answer(state, eds, { nonce: '1', accepted: { stranger: 'v1' } });
  sent(state);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['eds  +a - {}']);
});

test('an expired resource is waited for again', () => {
  const state = opened();
  state.addInterest(eds, ['a']);
  sent(state);
  answer(state, eds, { nonce: '1', accepted: { a: 'v1' } });
  sent(state);
  state.expire(eds, ['a']);
  state.closeStream();
  state.openStream();
  assert.deepEqual(sent(state), ['eds  +a - {}']);
});

test('a paused type is passed over', () => {
  const state = opened();
  state.addInterest(cds, undefined);
  state.addInterest(eds, ['a']);
  state.pause(cds);
  assert.deepEqual(sent(state), ['eds  +a - {}']);
  state.resume(cds);
  assert.deepEqual(sent(state), ['cds  + - {}']);
});
