import assert from 'node:assert/strict';
import type { Case } from '../cell.ts';

const expectContinue: Case = {
  name: '100 Continue',
  async run(cell) {
    const call = cell.start('POST', '/', { headers: { expect: '100-continue' } });
    const exchange = await cell.upstream.next();
    call.write(Buffer.from('body'));
    call.end();
    assert.equal((await exchange.request).body.toString(), 'body');
    exchange.respond(200);
    exchange.end();
    const { status, informational } = await call.answer;
    assert.deepEqual([status, informational.map((each) => each.status)], [200, [100]]);
  },
};

const earlyHints: Case = {
  name: '103 Early Hints',
  async run(cell) {
    const [call, exchange] = await cell.get('GET');
    exchange.earlyHints();
    exchange.respond(200);
    exchange.write('late');
    exchange.end();
    const answer = await call.answer;
    assert.deepEqual([answer.status, answer.isComplete, answer.body.toString()], [200, true, 'late']);
    assert.deepEqual(
      answer.informational.map(({ status, headers }) => [status, headers['link']]),
      cell.passesEarlyHints ? [[103, '</style.css>; rel=preload']] : [],
    );
  },
};

export const informationalCases: readonly Case[] = [expectContinue, earlyHints];
