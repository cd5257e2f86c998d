import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../time/timer-wheel.ts';
import { ListenSocket } from './listen-socket.ts';
import { findPausableHandles } from './pausable-handle.ts';
import type { SocketAddress } from './connection.ts';
import type { SocketConnection } from './socket-connection.ts';
import { createTransportContext, type TransportContext } from './transport-context.ts';

async function createContext(onDescriptor?: (descriptor: number) => void): Promise<TransportContext> {
  const pausableHandles = await findPausableHandles();
  assert.ok(pausableHandles !== undefined, 'the self-test passes on this Node');
  return createTransportContext(new TimerWheel(systemClock), {
    pausableHandles,
    ...(onDescriptor === undefined ? {} : { onDescriptor }),
  });
}

/** Counts connections and ends each. */
async function listen(t: TestContext, context: TransportContext, address: SocketAddress) {
  const accepted: SocketConnection[] = [];
  const socket = await ListenSocket.listen(context, { address }, (connection) => {
    accepted.push(connection);
    connection.setHandlers({ onData() {}, onEnd() {}, onClose() {} });
    connection.close('flush');
  });
  t.after(() => socket.close());
  return { socket, accepted };
}

/** Resolves when the kernel has taken the connection, accepted or not. */
function connected({ address, port }: SocketAddress): Promise<{ readonly closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const client = connect({ host: address, port });
    const closed = new Promise<void>((onClosed) => client.once('close', () => onClosed()));
    client.once('error', reject);
    client.once('connect', () => resolve({ closed }));
    client.resume();
  });
}

for (const address of ['127.0.0.1', '::1']) {
  test(`connections to ${address} wait through several pauses, and all of them are served`, async (t) => {
    const { socket, accepted } = await listen(t, await createContext(), { address, port: 0 });
    const closed: Promise<void>[] = [];
    for (let pause = 1; pause <= 3; pause++) {
      assert.equal(socket.pauseAccepting(), true);
      for (let client = 0; client < 5; client++) closed.push((await connected(socket.address)).closed);
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      assert.equal(accepted.length, (pause - 1) * 5);
      socket.resumeAccepting();
      await Promise.all(closed);
      assert.equal(accepted.length, pause * 5);
    }
  });
}

test('what cannot be bound is refused with the system’s words', async (t) => {
  const context = await createContext();
  const { socket } = await listen(t, context, { address: '127.0.0.1', port: 0 });
  await assert.rejects(listen(t, context, socket.address), {
    code: 'port-in-use',
    message: /cannot listen on 127\.0\.0\.1:\d+: address already in use/,
  });
  await assert.rejects(listen(t, context, { address: '192.0.2.1', port: 0 }), {
    code: 'port-in-use',
    message: /cannot listen on 192\.0\.2\.1:0: Cannot assign requested address/,
  });
});

test('a paused socket can be closed', async (t) => {
  const { socket } = await listen(t, await createContext(), { address: '127.0.0.1', port: 0 });
  assert.equal(socket.pauseAccepting(), true);
  await socket.close();
  await assert.rejects(connected(socket.address), { code: 'ECONNREFUSED' });
});

test('the descriptor of each accepted socket is told', async (t) => {
  const descriptors: number[] = [];
  const { socket } = await listen(t, await createContext((fd) => void descriptors.push(fd)), {
    address: '127.0.0.1',
    port: 0,
  });
  await connected(socket.address);
  assert.equal(descriptors.length, 1);
  assert.ok((descriptors[0] ?? 0) > 2);
});
