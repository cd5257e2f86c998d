import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, type Harness } from '../harness/harness.ts';
import { startHttpProxy } from './http-proxy.ts';

const [curl, nghttp] = [usePeer('curl'), usePeer('nghttp')];
const run = promisify(execFile);

/** A sidecar before a server that sends back what it gets, with `x-method`, and a trailer. Returns its port. */
async function startEcho(harness: Harness): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'x-method': request.method, trailer: 'x-end' });
    response.addTrailers({ 'x-end': 'reached' });
    request.pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: upstreamPort } = server.address() as AddressInfo;
  const proxy = await startHttpProxy(harness, { id: 'proxy', upstreamPort });
  harness.onEnd(() => Promise.resolve(server.close()));
  return proxy.port;
}

function writeBody(harness: Harness): readonly [file: string, body: Buffer] {
  const [file, body] = [path.join(harness.folder, 'body'), randomBytes(1024 * 1024)];
  writeFileSync(file, body);
  return [file, body];
}

test('curl with HTTP/2 by prior knowledge', { skip: curl.skip }, async () => {
  await using harness = createHarness('curl');
  const port = await startEcho(harness);
  const [file, body] = writeBody(harness);
  const answer = path.join(harness.folder, 'answer');
  const { stdout } = await run(curl.path, [
    ...['--silent', '--show-error', '--max-time', '30', '--http2-prior-knowledge'],
    ...['--data-binary', `@${file}`, '--dump-header', '-', '--output', answer],
    `http://127.0.0.1:${port}/`,
  ]);
  assert.match(stdout, /^HTTP\/2 200/);
  assert.match(stdout, /^x-method: POST\r$/m);
  assert.match(stdout, /^x-end: reached\r$/m);
  assert.ok(readFileSync(answer).equals(body));
});

test('nghttp', { skip: nghttp.skip }, async () => {
  await using harness = createHarness('nghttp');
  const port = await startEcho(harness);
  const [file] = writeBody(harness);
  const { stdout } = await run(
    nghttp.path,
    [
      ...['--verbose', '--null-out', '--timeout=30', '--multiply=5', `--data=${file}`],
      `http://127.0.0.1:${port}/`,
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  assert.equal(stdout.match(/:status: 200/g)?.length, 5);
  assert.equal(stdout.match(/x-end: reached/g)?.length, 5);
  const received = [...stdout.matchAll(/recv DATA frame <length=(\d+)/g)];
  assert.equal(
    received.reduce((sum, [, length]) => sum + Number(length), 0),
    5 * 1024 * 1024,
  );
  assert.doesNotMatch(stdout, /recv (RST_STREAM|GOAWAY)/);
});
