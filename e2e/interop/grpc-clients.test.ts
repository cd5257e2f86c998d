import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, until } from '../harness/harness.ts';
import { echoMethods, startEchoService } from './echo-service.ts';
import { startHttpProxy } from './http-proxy.ts';

const grpcio = usePeer('grpcio');
const identity = (message: Buffer): Buffer => message;
const large = Buffer.alloc(1024 * 1024, 'heddle');

test('grpc-js calls through a sidecar', async () => {
  await using harness = createHarness('grpc-js');
  const echo = await startEchoService();
  const proxy = await startHttpProxy(harness, { id: 'proxy', upstreamPort: echo.port });
  const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
  harness.onEnd(() => {
    client.close();
    return echo.close();
  });

  const sent = new Metadata();
  sent.set('x-sent-bin', Buffer.from([0, 255]));
  const answered = await unary(client, echoMethods.unary, large, { metadata: sent });
  assert.ok(answered.message?.equals(large));
  assert.deepEqual(answered.trailers.get('x-answered-bin'), [Buffer.from([0, 255])]);

  const messages = [Buffer.alloc(0), Buffer.from('one'), large, Buffer.from('last')];
  const stream = client.makeBidiStreamRequest(echoMethods.stream, identity, identity, new Metadata());
  for (const message of messages) stream.write(message);
  stream.end();
  assert.deepEqual(await stream.toArray(), messages);

  const failed = await unary(client, echoMethods.fail, Buffer.from('grün & 100 %'));
  assert.deepEqual([failed.error?.code, failed.error?.details], [status.FAILED_PRECONDITION, 'grün & 100 %']);
  const late = await unary(client, echoMethods.sleep, large, { deadlineMs: 200 });
  assert.equal(late.error?.code, status.DEADLINE_EXCEEDED);
  await until('the service knows that nobody waits', () => echo.cancelledCount === 1);
  const unknown = await unary(client, '/heddle.Echo/Nothing', large);
  assert.equal(unknown.error?.code, status.UNIMPLEMENTED);
});

test('grpcio calls through a sidecar', { skip: grpcio.skip }, async () => {
  await using harness = createHarness('grpcio');
  const echo = await startEchoService();
  harness.onEnd(() => echo.close());
  const proxy = await startHttpProxy(harness, { id: 'proxy', upstreamPort: echo.port });
  const script = path.join(import.meta.dirname, 'grpcio-client.py');
  await promisify(execFile)(grpcio.path, [script, String(proxy.port)], { timeout: 60_000 });
  await until('the service knows that nobody waits', () => echo.cancelledCount >= 1);
});

interface UnaryAnswer {
  readonly message: Buffer | undefined;
  readonly error: ServiceError | null;
  readonly trailers: Metadata;
}

function unary(
  client: Client,
  method: string,
  message: Buffer,
  { metadata = new Metadata(), deadlineMs = 20_000 } = {},
): Promise<UnaryAnswer> {
  return new Promise((resolve) => {
    let answer: Pick<UnaryAnswer, 'message' | 'error'> = { message: undefined, error: null };
    client
      .makeUnaryRequest(
        method,
        identity,
        identity,
        message,
        metadata,
        { deadline: Date.now() + deadlineMs },
        (error, value) => (answer = { message: value, error }),
      )
      .on('status', (end) => resolve({ ...answer, trailers: end.metadata }));
  });
}
