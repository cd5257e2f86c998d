import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../time/timer-wheel.ts';
import { connectSocket } from './connect-socket.ts';
import type { Connection } from './connection.ts';
import { ListenSocket } from './listen-socket.ts';
import { ReadSlabs } from './read-slabs.ts';
import { SlabPins } from './slab-pins.ts';
import { createTransportContext, type TransportContext } from './transport-context.ts';

const loopback = { address: '127.0.0.1', port: 0 };
const limitBytes = 256 * 1024;

/** Passes what it reads on as it was lent, in pieces of several sizes; back-pressure as a proxy applies it. */
async function startRelay(context: TransportContext, targetPort: number): Promise<ListenSocket> {
  const cuts = [100_000, 9_000, 70_000, 20_000];
  return ListenSocket.listen(context, { address: loopback }, (downstream) => {
    const upstream = connectSocket(context, {
      remoteAddress: { address: '127.0.0.1', port: targetPort },
      connectTimeoutMs: 5000,
    });
    upstream.setWriteBufferLimit(limitBytes);
    let reads = 0;
    downstream.setHandlers({
      onData: (chunk) => {
        const cut = cuts[reads++ % cuts.length] ?? 0;
        for (let at = 0; at < chunk.length; at += cut) {
          upstream.write(chunk.subarray(at, Math.min(chunk.length, at + cut)));
        }
      },
      onEnd: () => upstream.close('flush'),
      onClose: () => upstream.close('abort'),
    });
    upstream.setHandlers({
      onData: () => undefined,
      onEnd: () => undefined,
      onClose: () => downstream.close('abort'),
      onAboveWriteHighWatermark: () => downstream.readDisable(true),
      onBelowWriteLowWatermark: () => downstream.readDisable(false),
    });
  });
}

for (const hasFastAccept of [false, true]) {
  test(`bytes that are passed on as they were lent arrive as they were${hasFastAccept ? ', fast accept' : ''}`, async () => {
    const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept });
    const digests: Promise<string>[] = [];
    let onDigest: (() => void) | undefined;
    const target = await ListenSocket.listen(context, { address: loopback }, (connection) => {
      digests.push(digestOf(connection));
      if (digests.length === 4) onDigest?.();
    });
    const relay = await startRelay(context, target.address.port);
    const all = new Promise<void>((resolve) => (onDigest = resolve));
    const bodies = [1, 2, 3, 4].map(() => randomBytes(6_000_000));
    for (const body of bodies) {
      const client = connectSocket(context, { remoteAddress: relay.address, connectTimeoutMs: 5000 });
      client.setHandlers({ onData: () => undefined, onEnd: () => undefined, onClose: () => undefined });
      client.write(Buffer.from(body));
      client.setHandlers({
        onConnected: () => client.close('flush'),
        onData: () => undefined,
        onEnd: () => undefined,
        onClose: () => undefined,
      });
    }
    await all;
    await relay.close();
    await target.close();
    const expected = bodies.map((body) => createHash('sha256').update(body).digest('hex'));
    assert.deepEqual((await Promise.all(digests)).sort(), expected.sort());
    assert.ok(context.readSlabs.bulkCount <= 16, `${context.readSlabs.bulkCount} slabs are kept`);
  });
}

/** A reader that pauses after every read for some turns of the event loop. */
function digestOf(connection: Connection): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve) => {
    let reads = 0;
    connection.setHandlers({
      onData: (chunk) => {
        hash.update(chunk);
        if (++reads % 3 > 0) return;
        connection.readDisable(true);
        setImmediate(() => setImmediate(() => connection.readDisable(false)));
      },
      onEnd: () => resolve(hash.digest('hex')),
      onClose: () => undefined,
    });
  });
}

function lend(slabs: ReadSlabs, byteCount: number): Buffer {
  const slab = slabs.take();
  assert.ok(slab !== undefined);
  slabs.lent = slab;
  return slab.bytes.subarray(0, byteCount);
}

test('a slab is not read into while a write needs it, and comes back when that was sent', () => {
  const slabs = new ReadSlabs(createFakeClock());
  const pins = new SlabPins(slabs);
  const chunk = lend(slabs, 200_000);
  const slab = slabs.lent;
  assert.ok(slab !== undefined);
  assert.equal(pins.keep(chunk, 200_000, false), chunk);
  slabs.letGo(slab);
  assert.notEqual(slabs.take(), slab);
  pins.onSent(199_999);
  assert.notEqual(slabs.take(), slab);
  pins.onSent(200_000);
  assert.equal(slabs.take(), slab);
});

test('a chunk that waits, and pins much more than it is, is copied; so is one of the shared slab', () => {
  const slabs = new ReadSlabs(createFakeClock());
  const pins = new SlabPins(slabs);
  const small = lend(slabs, 20_000);
  assert.notEqual(pins.keep(small, 20_000, true).buffer, small.buffer);
  assert.equal(slabs.lent?.pinCount, 0);
  slabs.lent = slabs.shared;
  const shared = slabs.shared.bytes.subarray(0, 60_000);
  assert.notEqual(pins.keep(shared, 80_000, false).buffer, shared.buffer);
  const own = Buffer.alloc(100_000);
  assert.equal(pins.keep(own, 180_000, true), own);
});

test('peers that stall do not take more than 64 slabs', () => {
  const slabs = new ReadSlabs(createFakeClock());
  const taken = Array.from({ length: 64 }, () => slabs.take());
  assert.ok(taken.every((slab) => slab !== undefined));
  assert.equal(slabs.take(), undefined);
  const [first, second] = taken;
  assert.ok(first !== undefined && second !== undefined);
  slabs.letGo(first);
  assert.equal(slabs.take(), first);
  // A write that was cut off: the memory is given up, its place is not.
  first.pinCount++;
  slabs.abandon(first);
  slabs.letGo(first);
  assert.notEqual(slabs.take(), first);
});
