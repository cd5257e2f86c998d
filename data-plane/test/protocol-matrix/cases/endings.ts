import assert from 'node:assert/strict';
import type { Case } from '../cell.ts';

const earlyAnswer: Case = {
  name: 'an answer before the request has ended',
  async run(cell) {
    const call = cell.start('POST');
    call.write(Buffer.from('first part'));
    const exchange = await cell.upstream.next();
    exchange.respond(403, { 'content-length': '5' });
    exchange.write('early');
    exchange.end();
    const head = await call.head;
    assert.equal(head.status, 403);
    call.end();
    assert.equal((await call.answer).body.toString(), 'early');
  },
};

const resetByClient: Case = {
  name: 'a reset by the client before the answer',
  async run(cell) {
    const call = cell.start('POST');
    call.write(Buffer.from('first part'));
    const exchange = await cell.upstream.next();
    call.reset();
    await exchange.gone;
    await assert.rejects(call.answer);
  },
};

const resetByClientInAnswer: Case = {
  name: 'a reset by the client in the answer',
  async run(cell) {
    const [call, exchange] = await cell.get('GET');
    exchange.respond(200);
    exchange.write('first part');
    await call.head;
    call.reset();
    await exchange.gone;
  },
};

const resetByUpstream: Case = {
  name: 'a reset by the upstream before the answer',
  async run(cell) {
    const [call, exchange] = await cell.get('POST');
    exchange.reset();
    const { status, isComplete, body } = await call.answer;
    assert.deepEqual([status, isComplete], [503, true]);
    assert.match(body.toString(), /^upstream connect error or disconnect\/reset before headers/);
  },
};

const resetByUpstreamInAnswer: Case = {
  name: 'a reset by the upstream in the answer',
  async run(cell) {
    const [call, exchange] = await cell.get('POST');
    exchange.respond(200);
    exchange.write('first part');
    await call.head;
    exchange.reset();
    const { status, isComplete } = await call.answer;
    assert.deepEqual([status, isComplete], [200, false]);
  },
};

export const endings: readonly Case[] = [
  earlyAnswer,
  resetByClient,
  resetByClientInAnswer,
  resetByUpstream,
  resetByUpstreamInAnswer,
];
