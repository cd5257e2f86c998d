import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { TimerWheel } from '../time/timer-wheel.ts';
import { canInterceptAccept } from './accepted-socket.ts';
import { connectSocket } from './connect-socket.ts';
import type { ConnectionHandlers } from './connection.ts';
import { ListenSocket } from './listen-socket.ts';
import type { SocketConnection } from './socket-connection.ts';
import { findPausableHandles } from './pausable-handle.ts';
import { ReadSlabs } from './read-slabs.ts';
import { SocketReader } from './socket-reader.ts';
import { createTransportContext, type TransportContext } from './transport-context.ts';

const loopback = { address: '127.0.0.1', port: 0 };

/** Collects the events of one connection and lets a test wait for them. */
class Events implements ConnectionHandlers {
  readonly log: string[] = [];
  readonly chunks: Buffer[] = [];
  readonly connection: SocketConnection;
  bytesAtBelow = NaN;
  #waiters: { isDone: () => boolean; resolve: () => void }[] = [];
  constructor(connection: SocketConnection) {
    this.connection = connection;
    connection.setHandlers(this);
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  onConnected(): void {
    this.#note('connected');
  }
  onData(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
    this.#note('data');
  }
  onEnd(): void {
    this.#note('end');
  }
  onClose(reason: string, detail: string): void {
    this.#note(`close ${reason} ${detail}`.trim());
  }
  onAboveWriteHighWatermark(): void {
    this.#note('above');
  }
  onBelowWriteLowWatermark(): void {
    this.bytesAtBelow = this.connection.writeBufferedBytes;
    this.#note('below');
  }
  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isDone, resolve }));
  }
  untilLogged(start: string): Promise<void> {
    return this.until(() => this.log.some((line) => line.startsWith(start)));
  }
  #note(line: string): void {
    if (line !== 'data') this.log.push(line);
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.isDone()) waiter.resolve();
      return !waiter.isDone();
    });
  }
}

async function createPair(
  context: TransportContext,
  delayedCloseTimeoutMs = 1_000,
): Promise<{ client: Events; server: Events }> {
  let onServer: (events: Events) => void = () => undefined;
  const accepted = new Promise<Events>((resolve) => (onServer = resolve));
  const listen = await ListenSocket.listen(
    context,
    { address: loopback, delayedCloseTimeoutMs },
    (connection) => onServer(new Events(connection)),
  );
  const client = new Events(
    connectSocket(context, { remoteAddress: listen.address, connectTimeoutMs: 5_000, delayedCloseTimeoutMs }),
  );
  const server = await accepted;
  await client.untilLogged('connected');
  await listen.close();
  return { client, server };
}

async function closeBoth(pair: { client: Events; server: Events }): Promise<void> {
  pair.client.connection.close('abort');
  pair.server.connection.close('abort');
  await pair.client.untilLogged('close');
  await pair.server.untilLogged('close');
}

/** Every test runs with Node's way to accept, and with ours. */
for (const hasFastAccept of [false, true]) {
  const suffix = hasFastAccept ? ' (accepted into the shared slab)' : '';
  const createContext = (): TransportContext =>
    createTransportContext(new TimerWheel(systemClock), { hasFastAccept });

  test(`strings are latin1, order is kept over small and large parts, bytes are counted${suffix}`, async () => {
    const pair = await createPair(createContext());
    const large = Buffer.alloc(100_000, 'x');
    pair.client.connection.write('h\u{e9}');
    pair.client.connection.write(Buffer.from([0, 0xff, 0x80]));
    pair.client.connection.write(large);
    pair.client.connection.write('end');
    const expected = Buffer.concat([Buffer.from([0x68, 0xe9, 0, 0xff, 0x80]), large, Buffer.from('end')]);
    await pair.server.until(() => pair.server.connection.bytesRead === expected.length);
    assert.deepEqual(Buffer.concat(pair.server.chunks), expected);
    assert.equal(pair.client.connection.bytesWritten, expected.length);
    assert.equal(pair.server.connection.remoteAddress.port, pair.client.connection.localAddress.port);
    assert.notEqual(pair.server.connection.id, pair.client.connection.id);
    await closeBoth(pair);
  });

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

  test(`what is written in one tick arrives as one chunk${suffix}`, async () => {
    const pair = await createPair(createContext());
    for (let index = 0; index < 100; index++) pair.client.connection.write('0123456789');
    await pair.server.until(() => pair.server.connection.bytesRead === 1_000);
    assert.equal(pair.server.chunks.length, 1);
    await closeBoth(pair);
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

  test(`half-close: the peer still gets its answer, and both directions closed end the connection${suffix}`, async () => {
    const pair = await createPair(createContext());
    pair.client.connection.write('question');
    pair.client.connection.shutdownWrite();
    await pair.server.untilLogged('end');
    assert.equal(pair.server.text, 'question');
    pair.server.connection.write('answer');
    pair.server.connection.shutdownWrite();
    await pair.client.untilLogged('close');
    await pair.server.untilLogged('close');
    assert.equal(pair.client.text, 'answer');
    assert.deepEqual(pair.client.log, ['connected', 'end', 'close remote']);
    assert.deepEqual(pair.server.log, ['end', 'close remote']);
  });

  test(`abort is a reset for the peer${suffix}`, async () => {
    const pair = await createPair(createContext());
    pair.server.connection.close('abort');
    await pair.client.untilLogged('close');
    await pair.server.untilLogged('close');
    assert.deepEqual(pair.client.log, ['connected', 'close reset Connection reset by peer']);
    assert.deepEqual(pair.server.log, ['close local']);
  });

  test(`RFC 9112 9.6: flush-and-delay sends everything, reads on into nothing, and goes when the peer goes${suffix}`, async () => {
    const pair = await createPair(createContext());
    const answer = Buffer.alloc(300_000, 'a');
    pair.server.connection.write(answer);
    pair.server.connection.close('flush-and-delay');
    pair.server.connection.write('ignored');
    pair.client.connection.write(Buffer.alloc(200_000));
    await pair.client.untilLogged('end');
    assert.equal(pair.client.connection.bytesRead, answer.length);
    assert.equal(pair.server.connection.state, 'closing');
    assert.equal(pair.server.chunks.length, 0);
    pair.client.connection.close('flush');
    await pair.server.untilLogged('close');
    await pair.client.untilLogged('close');
    assert.deepEqual(pair.server.log, ['close local']);
    assert.deepEqual(pair.client.log, ['connected', 'end', 'close remote']);
  });

  test(`flush-and-delay ends by itself when the peer does not go${suffix}`, async () => {
    const clock = createFakeClock();
    const pair = await createPair(createTransportContext(new TimerWheel(clock), { hasFastAccept }));
    pair.server.connection.write('bye');
    pair.server.connection.close('flush-and-delay');
    await pair.client.untilLogged('end');
    assert.equal(pair.client.text, 'bye');
    assert.equal(pair.server.connection.state, 'closing');
    clock.advance(1_010);
    await pair.server.untilLogged('close');
    await closeBoth(pair);
  });

  test(`readDisable is counted${suffix}`, async () => {
    const pair = await createPair(createContext());
    pair.server.connection.readDisable(true);
    pair.server.connection.readDisable(true);
    pair.client.connection.write('x');
    // The answer that comes back shows that the byte has long been there.
    pair.server.connection.write('y');
    await pair.client.until(() => pair.client.text === 'y');
    pair.server.connection.readDisable(false);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(pair.server.chunks.length, 0);
    pair.server.connection.readDisable(false);
    await pair.server.until(() => pair.server.text === 'x');
    await closeBoth(pair);
  });

  test(`watermarks: above once, below at half, for small limits too${suffix}`, async () => {
    for (const limitBytes of [4_000, 1_000_000]) {
      const pair = await createPair(createContext());
      const { connection } = pair.client;
      connection.setWriteBufferLimit(limitBytes);
      pair.server.connection.readDisable(true);
      let writtenBytes = 0;
      // The kernel takes some megabytes first.
      while (!pair.client.log.includes('above')) {
        connection.write(Buffer.alloc(Math.min(limitBytes, 100_000)));
        writtenBytes += Math.min(limitBytes, 100_000);
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(writtenBytes < 50_000_000);
      }
      assert.ok(connection.writeBufferedBytes > limitBytes);
      pair.server.connection.readDisable(false);
      await pair.client.untilLogged('below');
      assert.ok(pair.client.bytesAtBelow <= limitBytes / 2, `${pair.client.bytesAtBelow} bytes left`);
      assert.deepEqual(pair.client.log, ['connected', 'above', 'below']);
      await pair.server.until(() => pair.server.connection.bytesRead === writtenBytes);
      await closeBoth(pair);
    }
  });

  test(`a writer that goes on and on within one tick hears of the limit in it, and of the end of that${suffix}`, async () => {
    const pair = await createPair(createContext());
    const { connection } = pair.client;
    connection.setWriteBufferLimit(10_000);
    for (let count = 0; count < 20; count++) connection.write('x'.repeat(10_000));
    assert.deepEqual(pair.client.log, ['connected']);
    for (let count = 0; count < 20; count++) connection.write('x'.repeat(10_000));
    assert.deepEqual(pair.client.log, ['connected', 'above']);
    await pair.client.untilLogged('below');
    await pair.server.until(() => pair.server.connection.bytesRead === 400_000);
    assert.deepEqual(pair.client.log, ['connected', 'above', 'below']);
    await closeBoth(pair);
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
