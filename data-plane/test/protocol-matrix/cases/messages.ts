import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Case } from '../cell.ts';

const mebibyte = 1024 * 1024;

const small: Case = {
  name: 'a small request and its answer',
  async run(cell) {
    const call = cell.start('GET', '/a?b=c', { headers: { 'x-sent': '1', cookie: 'a=1; b=2' } });
    call.end();
    const exchange = await cell.upstream.next();
    assert.equal(exchange.httpVersion, cell.upstreamProtocol.http === 'http2' ? '2.0' : '1.1');
    assert.deepEqual([exchange.method, exchange.path], ['GET', '/a?b=c']);
    const { 'x-sent': sent, cookie, host, ':authority': authority } = exchange.headers;
    assert.deepEqual([sent, cookie, authority ?? host], ['1', 'a=1; b=2', cell.host]);
    assert.equal(exchange.headers['x-forwarded-proto'], cell.downstreamProtocol.isSecure ? 'https' : 'http');
    assert.equal((await exchange.request).body.length, 0);
    exchange.respond(200, { 'content-type': 'text/plain', 'x-answered': '2' });
    exchange.write('hello');
    exchange.end();
    const answer = await call.answer;
    assert.deepEqual([answer.status, answer.isComplete, answer.body.toString()], [200, true, 'hello']);
    assert.deepEqual(
      [answer.headers['x-answered'], answer.headers['content-type'], answer.headers['server']],
      ['2', 'text/plain', 'envoy'],
    );
    assert.equal(
      answer.headers['transfer-encoding'],
      cell.downstreamProtocol.http === 'http1' ? 'chunked' : undefined,
    );
  },
};

const mebibyteUp: Case = {
  name: 'a request of 1 MiB',
  async run(cell) {
    const body = randomBytes(mebibyte);
    const call = cell.start('POST');
    call.write(body);
    call.end();
    const exchange = await cell.upstream.next();
    assert.ok((await exchange.request).body.equals(body));
    exchange.respond(204);
    exchange.end();
    const { status, isComplete, body: answered } = await call.answer;
    assert.deepEqual([status, isComplete, answered.length], [204, true, 0]);
  },
};

const mebibyteDown: Case = {
  name: 'an answer of 1 MiB',
  async run(cell) {
    const body = randomBytes(mebibyte);
    const [call, exchange] = await cell.get('GET');
    exchange.respond(200, { 'content-length': String(body.length) });
    exchange.write(body);
    exchange.end();
    const answer = await call.answer;
    assert.ok(answer.isComplete && answer.body.equals(body));
    assert.equal(answer.headers['content-length'], String(body.length));
  },
};

const bothWays: Case = {
  name: '1 MiB in both directions at the same time',
  async run(cell) {
    const body = randomBytes(mebibyte);
    const call = cell.start('POST');
    call.write(body.subarray(0, mebibyte / 2));
    const exchange = await cell.upstream.next();
    exchange.respond(200);
    await call.head;
    exchange.write(body);
    call.write(body.subarray(mebibyte / 2));
    call.end();
    assert.ok((await exchange.request).body.equals(body));
    exchange.end();
    const answer = await call.answer;
    assert.ok(answer.isComplete && answer.body.equals(body));
  },
};

const trailers: Case = {
  name: 'trailers of request and answer',
  async run(cell) {
    const call = cell.start('POST', '/', {
      headers: { te: 'trailers' },
      trailers: { 'x-request-trailer': 'one' },
    });
    call.write(Buffer.from('body'));
    call.end();
    const exchange = await cell.upstream.next();
    const { body, trailers: received } = await exchange.request;
    assert.deepEqual([body.toString(), received['x-request-trailer']], ['body', 'one']);
    exchange.respond(200, { trailer: 'x-answer-trailer' });
    exchange.write('answer');
    exchange.end({ 'x-answer-trailer': 'two' });
    const answer = await call.answer;
    assert.deepEqual(
      [answer.isComplete, answer.body.toString(), answer.trailers['x-answer-trailer']],
      [true, 'answer', 'two'],
    );
  },
};

const head: Case = {
  name: 'HEAD',
  async run(cell) {
    const [call, exchange] = await cell.get('HEAD');
    assert.equal(exchange.method, 'HEAD');
    exchange.respond(200, { 'content-length': '1234' });
    exchange.end();
    const answer = await call.answer;
    assert.deepEqual(
      [answer.status, answer.isComplete, answer.body.length, answer.headers['content-length']],
      [200, true, 0, '1234'],
    );
  },
};

const manyAtOnce: Case = {
  name: '50 requests at once',
  async run(cell) {
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const calls = paths.map((path) => cell.start('POST', path));
    for (const call of calls) call.end();
    for (let count = 0; count < paths.length; count++) {
      const exchange = await cell.upstream.next();
      exchange.respond(200);
      exchange.write(exchange.path);
      exchange.end();
    }
    const answers = await Promise.all(calls.map((call) => call.answer));
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      paths,
    );
  },
};

export const messages: readonly Case[] = [
  small,
  mebibyteUp,
  mebibyteDown,
  bothWays,
  trailers,
  head,
  manyAtOnce,
];
