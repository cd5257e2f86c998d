import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { TimerWheel } from '../time/timer-wheel.ts';
import { canInterceptAccept } from './accepted-socket.ts';
import { connectSocket } from './connect-socket.ts';
import { testConnection } from './connection.contract.ts';
import { ListenSocket } from './listen-socket.ts';
import { findPausableHandles } from './pausable-handle.ts';
import { ReadSlabs } from './read-slabs.ts';
import { SocketReader } from './socket-reader.ts';
import { closeBoth, Events, type ConnectionPair } from './testing/connection-events.ts';
import { createTransportContext, type TransportContext } from './transport-context.ts';

const loopback = { address: '127.0.0.1', port: 0 };
const pipe = { address: `@heddle-test-${process.pid}`, port: 0 };

async function createPair(
  context: TransportContext,
  delayedCloseTimeoutMs = 1_000,
  address = loopback,
): Promise<ConnectionPair> {
  let onServer: (events: Events) => void = () => undefined;
  const accepted = new Promise<Events>((resolve) => (onServer = resolve));
  const listen = await ListenSocket.listen(context, { address, delayedCloseTimeoutMs }, (connection) =>
    onServer(new Events(connection)),
  );
  const client = new Events(
    connectSocket(context, { remoteAddress: listen.address, connectTimeoutMs: 5_000, delayedCloseTimeoutMs }),
  );
  const server = await accepted;
  await client.untilLogged('connected');
  await listen.close();
  return { client, server };
}

/** Every test runs with Node's way to accept, and with ours. */
for (const hasFastAccept of [false, true]) {
  const suffix = hasFastAccept ? ' (accepted into the shared slab)' : '';
  const createContext = (): TransportContext =>
    createTransportContext(new TimerWheel(systemClock), { hasFastAccept });

  testConnection(`plain${suffix}`, (clock) =>
    createPair(createTransportContext(new TimerWheel(clock), { hasFastAccept })),
  );

  testConnection(
    `pipe${suffix}`,
    (clock) => createPair(createTransportContext(new TimerWheel(clock), { hasFastAccept }), 1_000, pipe),
    false,
  );

  test(`sockets that share a slab do not mix their bytes, small and large reads alike${suffix}`, async () => {
    const context = createContext();
    const pairs = await Promise.all([1, 2, 3, 4].map(() => createPair(context)));
    const rng = createSeededRng(3);
    const sent = pairs.map(() => [] as Buffer[]);
    for (let round = 0; round < 60; round++) {
      for (const [index, pair] of pairs.entries()) {
        const bytes = Buffer.alloc(
          1 + randomInteger(rng, round % 3 === 0 ? 120_000 : 6_000),
          index * 60 + round,
        );
        sent[index]!.push(bytes);
        pair.client.connection.write(bytes);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const [index, pair] of pairs.entries()) {
      const expected = Buffer.concat(sent[index]!);
      await pair.server.until(() => pair.server.connection.bytesRead === expected.length);
      assert.ok(Buffer.concat(pair.server.chunks).equals(expected));
      await closeBoth(pair);
    }
  });

  test(`a peer that goes on sending to a connection that is closing is not read for ever${suffix}`, async () => {
    const { client, server } = await createPair(createContext(), 60_000);
    client.connection.write(Buffer.alloc(64 * 1024 * 1024));
    await server.until(() => server.connection.bytesRead > 0);
    server.connection.write('last words');
    server.connection.close('flush-and-delay');
    const { bytesRead } = server.connection;
    await client.until(() => client.text === 'last words');
    while (!server.connection.isReadDisabled) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(server.connection.bytesRead - bytesRead < 2 * 1024 * 1024);
    server.connection.close('abort');
    client.connection.close('abort');
    await Promise.all([server.untilLogged('close'), client.untilLogged('close')]);
  });

  test(`bytes written while connecting are sent${suffix}`, async () => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = new Events(
      connectSocket(createContext(), {
        remoteAddress: { address: '127.0.0.1', port },
        connectTimeoutMs: 1_000,
      }),
    );
    client.connection.write('early');
    assert.equal(client.connection.state, 'connecting');
    await client.until(() => client.text === 'early');
    client.connection.close('flush');
    await client.untilLogged('close');
    assert.deepEqual(client.log, ['connected', 'close local']);
    server.close();
  });

  test(`a refused connection ends with the word of the system${suffix}`, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const client = new Events(
      connectSocket(createContext(), {
        remoteAddress: { address: '127.0.0.1', port },
        connectTimeoutMs: 1_000,
      }),
    );
    await client.untilLogged('close');
    assert.deepEqual(client.log, ['close connect-failure Connection refused']);
  });

  test(`connect times out on the clock, and can be cancelled${suffix}`, async () => {
    const clock = createFakeClock();
    const context = createTransportContext(new TimerWheel(clock), { hasFastAccept });
    // TEST-NET-1 (RFC 5737): nobody answers, or the network refuses at once; the clock decides before either.
    const remoteAddress = { address: '192.0.2.1', port: 9 };
    const late = new Events(connectSocket(context, { remoteAddress, connectTimeoutMs: 250 }));
    clock.advance(300);
    await late.untilLogged('close');
    assert.deepEqual(late.log, ['close connect-timeout Connection timed out']);
    const cancelled = new Events(connectSocket(context, { remoteAddress, connectTimeoutMs: 250 }));
    cancelled.connection.close('abort');
    await cancelled.untilLogged('close');
    assert.deepEqual(cancelled.log, ['close local']);
    clock.advance(1_000);
    assert.equal(clock.pendingTimerCount, 0);
  });

  test(`listening: a taken port is an error that says so, a pause keeps clients waiting, a close keeps them alive${suffix}`, async () => {
    const pausableHandles = await findPausableHandles();
    const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept, pausableHandles });
    const accepted: Events[] = [];
    const listen = await ListenSocket.listen(
      context,
      { address: loopback, hasReusePort: true },
      (connection) => {
        accepted.push(new Events(connection));
      },
    );
    await assert.rejects(
      ListenSocket.listen(context, { address: listen.address }, () => undefined),
      /cannot listen on 127\.0\.0\.1:\d+: address already in use/i,
    );
    assert.equal(listen.pauseAccepting(), true);
    const client: Socket = connect(listen.address.port, '127.0.0.1');
    const echoed = new Promise((resolve) => client.once('data', resolve));
    await new Promise((resolve) => client.once('connect', resolve));
    client.write('hello');
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(accepted.length, 0);
    listen.setOnAccept((connection) => {
      const events = new Events(connection);
      accepted.push(events);
      void events.until(() => events.text === 'hello').then(() => connection.write('hello'));
    });
    listen.resumeAccepting();
    await echoed;
    await listen.close();
    assert.equal(accepted[0]!.connection.state, 'open');
    client.destroy();
    await accepted[0]!.untilLogged('end');
    accepted[0]!.connection.close('flush');
    await accepted[0]!.untilLogged('close');
  });
}

test('the self-test of the fast way to accept passes on this Node', async () => {
  assert.equal(await canInterceptAccept(() => new SocketReader(new ReadSlabs(systemClock))), true);
});

test('connection ids of several workers are disjoint', () => {
  const wheel = new TimerWheel(systemClock);
  const ids = [0, 1].flatMap((workerIndex) => {
    const context = createTransportContext(wheel, { workerIndex, workerCount: 2 });
    return [context.nextConnectionId(), context.nextConnectionId(), context.nextConnectionId()];
  });
  assert.deepEqual(ids, [1, 3, 5, 2, 4, 6]);
});
