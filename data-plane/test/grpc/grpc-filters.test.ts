import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { frame } from '../../src/downstream/testing/filter-run.ts';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { startHttpServer } from '../../src/upstream/testing/upstream-server.ts';
import { askAdmin } from '../statistics/ask-admin.ts';
import { startSidecarProcess } from '../statistics/sidecar-process.ts';
import { answerRequest } from './answers.ts';
import { resourcesOf, scenes } from './comparison.ts';
import { send } from './send.ts';

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');

test('the three filters in a sidecar: statistics, calls of browsers, calls of HTTP/1.1', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'grpc-filters-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const bodies: string[] = [];
  const upstream = await startHttpServer((request, answer) => {
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      bodies.push(`${request.headers['content-type'] ?? ''} ${body}`);
      answerRequest(request, answer);
    });
  });
  t.after(() => upstream.close());
  const names = Object.keys(scenes);
  const [gonePort = 0, ...ports] = await findFreePorts(names.length + 1);
  const resources = resourcesOf(ports, upstream.port, gonePort, join(directory, 'log'));
  const sidecar = await startSidecarProcess(resources);
  t.after(() => sidecar.stop());
  const call = async (
    scene: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ) => {
    const path = `/pkg.Service/${method}`;
    return send(await sidecar.portOf(scene), { path, headers, body });
  };

  const grpc = { 'content-type': 'application/grpc' };
  await call('statsall', 'Unary', grpc, frame('a') + frame('b'));
  await call('statsall', 'Fail', grpc, frame('a'));
  // A new name travels from its worker to the main thread.
  const wanted = ['Unary.success: 1', 'Unary.0: 1', 'Unary.request_message_count: 2', 'Fail.5: 1'];
  for (let missing = wanted; missing.length > 0; await sleep(systemClock, 20)) {
    const stats = await askAdmin(sidecar.adminPort, '/stats?filter=cluster.statsall.grpc');
    missing = missing.filter((line) => !stats.includes(`cluster.statsall.grpc.pkg.Service.${line}\n`));
  }

  const text = { 'content-type': 'application/grpc-web-text', accept: 'application/grpc-web-text' };
  const ofBrowser = await call('webtext', 'Unary', text, base64(frame('hi')));
  const trailers = frame('grpc-status:0\r\ngrpc-message:\r\nx-trailer:a b\r\n', 0x80);
  assert.ok(ofBrowser.includes(base64(frame('hello')) + base64(trailers)), ofBrowser.join('\n'));
  assert.equal(bodies.at(-1), `application/grpc ${frame('hi')}`);

  const protobuf = { 'content-type': 'application/x-protobuf' };
  const bridged = await call('upgrading', 'Unary', protobuf, 'message');
  assert.deepEqual(bridged.slice(0, 1), ['200']);
  for (const line of ['content-length: 5', 'grpc-status: 0', 'hello'])
    assert.ok(bridged.includes(line), line);
  assert.equal(bodies.at(-1), `application/grpc ${frame('message')}`);
  const failed = await call('bridge', 'Fail', grpc, frame('a'));
  assert.equal(failed[0], '503');
  assert.ok(failed.includes('grpc-message: not%20found'));
});
