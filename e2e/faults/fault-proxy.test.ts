import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';

interface Pair extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly client: Socket;
  readonly server: Socket;
}

/** A connection through the proxy, both ends in hand. */
async function openPair(): Promise<Pair> {
  const target = createServer({ allowHalfOpen: true });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const proxy = await startFaultProxy((target.address() as AddressInfo).port);
  const client = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true });
  const [server] = (await once(target, 'connection')) as [Socket];
  for (const socket of [client, server]) socket.on('error', () => undefined);
  return {
    proxy,
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      await proxy.close();
      target.close();
    },
  };
}

function collect(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

const until = (what: string, look: () => boolean): Promise<unknown> =>
  waitUntil(what, look, { clock: systemClock, deadlineMs: 5000, intervalMs: 5 });

test('without a fault both directions and both ends arrive', async () => {
  await using pair = await openPair();
  const [atServer, atClient] = [collect(pair.server), collect(pair.client)];
  pair.client.end('ask');
  await once(pair.server, 'end');
  pair.server.end('answer');
  await once(pair.client, 'end');
  assert.deepEqual([atServer(), atClient()], ['ask', 'answer']);
  await until('it is forgotten', () => pair.proxy.connectionCount === 0);
  assert.equal(pair.proxy.connectionTotal, 1);
});

test('a delay keeps the order, also when it ends', async () => {
  await using pair = await openPair();
  const atServer = collect(pair.server);
  const startedMs = performance.now();
  pair.proxy.set({ kind: 'delay', delayMs: 100 });
  for (let index = 0; index < 5; index++) {
    pair.client.write(String(index));
    await new Promise((resolve) => setImmediate(resolve));
  }
  pair.proxy.set({ kind: 'none' });
  pair.client.write('5');
  await until('all is there', () => atServer() === '012345');
  assert.ok(performance.now() - startedMs >= 95);
});

test('a stall keeps everything back, and lets it go', async () => {
  await using pair = await openPair();
  const [atServer, atClient] = [collect(pair.server), collect(pair.client)];
  pair.proxy.set({ kind: 'stall' });
  pair.client.write('ask');
  pair.server.write('answer');
  await turn();
  assert.deepEqual([atServer(), atClient()], ['', '']);
  pair.proxy.set({ kind: 'none' });
  await until('all is there', () => atServer() === 'ask' && atClient() === 'answer');
});

test('what is dropped is lost, and its connection is reset afterwards', async () => {
  await using pair = await openPair();
  const atServer = collect(pair.server);
  const ends = Promise.all([closeOf(pair.client), closeOf(pair.server)]);
  pair.proxy.set({ kind: 'drop' });
  pair.client.write('ask');
  await turn();
  assert.equal(atServer(), '');
  assert.equal(pair.proxy.connectionCount, 1);
  pair.proxy.set({ kind: 'none' });
  await ends;
  assert.equal(atServer(), '');
});

test('a connection that lost nothing survives a drop', async () => {
  await using pair = await openPair();
  const atServer = collect(pair.server);
  pair.proxy.set({ kind: 'drop' });
  pair.proxy.set({ kind: 'none' });
  pair.client.write('ask');
  await until('it arrives', () => atServer() === 'ask');
});

for (const towards of ['client', 'server'] as const) {
  test(`half-closed towards the ${towards}: the other direction goes on`, async () => {
    await using pair = await openPair();
    const [near, far] = towards === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
    const atFar = collect(far);
    near.resume();
    pair.proxy.set({ kind: 'half-close', towards });
    await once(near, 'end');
    near.write('still');
    await until('it arrives', () => atFar() === 'still');
  });
}

test('a reset ends open connections and new ones', async () => {
  await using pair = await openPair();
  const ends = Promise.all([closeOf(pair.client), closeOf(pair.server)]);
  pair.proxy.set({ kind: 'reset' });
  assert.deepEqual(await ends, [true, true], 'closed by an error');
  const next = connect({ host: '127.0.0.1', port: pair.proxy.port });
  const [error] = (await once(next, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});

/** Resolves with whether an error closed it; `once` would throw the error. */
function closeOf(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** Long enough for bytes on loopback to arrive, if they did. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
