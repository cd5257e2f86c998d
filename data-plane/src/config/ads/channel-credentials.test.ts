import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@grpc/grpc-js';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { createChannelCredentials } from './channel-credentials.ts';

/** The library's back-off; its first one is 1 s unless given. */
const backOffMs = 50;

test('a channel that was closed because it could not connect never connects', async () => {
  const port = await findFreePort();
  const client = new Client(`ipv4:127.0.0.1:${port}`, createChannelCredentials(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': backOffMs,
    'grpc.enable_retries': 0,
  });
  const identity = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest('/a/b', identity, identity);
  await once(stream, 'error');
  client.close();
  const connections: Socket[] = [];
  const server = createServer((socket) => connections.push(socket)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  await delay(5 * backOffMs);
  const count = connections.length;
  for (const socket of connections) socket.destroy();
  server.close();
  assert.equal(count, 0);
});
