import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyDeltaRequest, classifySotwRequest, type RequestKind } from './classify-request.ts';

interface Row {
  readonly what: string;
  readonly state: { isFirst?: boolean; lastNonce?: string; isOutstanding?: boolean };
  readonly request: { responseNonce?: string; hasError?: boolean };
  readonly sotw: RequestKind;
  readonly delta: RequestKind;
}

const outstanding = { lastNonce: '7', isOutstanding: true };

const rows: readonly Row[] = [
  { what: 'first', state: { isFirst: true }, request: {}, sotw: 'first', delta: 'first' },
  {
    what: 'first, with the nonce and the error of another stream',
    state: { isFirst: true },
    request: { responseNonce: '3', hasError: true },
    sotw: 'first',
    delta: 'first',
  },
  { what: 'nothing was sent yet', state: {}, request: {}, sotw: 'update', delta: 'update' },
  {
    what: 'the newest nonce',
    state: outstanding,
    request: { responseNonce: '7' },
    sotw: 'ack',
    delta: 'ack',
  },
  {
    what: 'the newest nonce with an error',
    state: outstanding,
    request: { responseNonce: '7', hasError: true },
    sotw: 'nack',
    delta: 'nack',
  },
  {
    what: 'an old nonce',
    state: outstanding,
    request: { responseNonce: '6' },
    sotw: 'stale',
    delta: 'stale',
  },
  {
    what: 'an old nonce with an error',
    state: outstanding,
    request: { responseNonce: '6', hasError: true },
    sotw: 'stale',
    delta: 'stale',
  },
  {
    what: 'no nonce while one is outstanding',
    state: outstanding,
    request: {},
    sotw: 'stale',
    delta: 'update',
  },
  {
    what: 'the newest nonce again, after it was acknowledged',
    state: { lastNonce: '7' },
    request: { responseNonce: '7' },
    sotw: 'update',
    delta: 'update',
  },
];

for (const { what, state, request, sotw, delta } of rows) {
  test(what, () => {
    const full = { isFirst: false, lastNonce: '', isOutstanding: false, ...state };
    const facts = { responseNonce: '', hasError: false, ...request };
    assert.equal(classifySotwRequest(full, facts), sotw);
    assert.equal(classifyDeltaRequest(full, facts), delta);
  });
}
