import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { startTcpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { cluster } from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects, type RunningSubject } from './subject.ts';

type Act =
  /** Ends, resets, or sends more than anybody takes (the other side stops reading before). */
  `${'client' | 'server'} ${'ends' | 'resets' | 'floods'}`;

interface Row {
  readonly acts: readonly Act[];
  /** What each side then has seen, its own close included; what floods is not seen through. */
  readonly client: string;
  readonly server: string;
  /** Both connections are still there, until they are idle. */
  readonly isHeld?: true;
}

const rows: readonly Row[] = [
  { acts: ['client ends'], client: '', server: 'end', isHeld: true },
  { acts: ['server ends'], client: 'end', server: '', isHeld: true },
  { acts: ['client ends', 'server ends'], client: 'end close', server: 'end close' },
  { acts: ['server ends', 'client ends'], client: 'end close', server: 'end close' },
  { acts: ['client resets'], client: 'close', server: 'ECONNRESET close' },
  { acts: ['server resets'], client: 'ECONNRESET close', server: 'close' },
  { acts: ['client ends', 'server resets'], client: 'ECONNRESET close', server: 'end close' },
  { acts: ['server ends', 'client resets'], client: 'end close', server: 'ECONNRESET close' },
  { acts: ['client floods'], client: '', server: '', isHeld: true },
  { acts: ['server floods'], client: '', server: '', isHeld: true },
  { acts: ['client floods', 'client ends'], client: '', server: '', isHeld: true },
  { acts: ['server floods', 'server ends'], client: '', server: '', isHeld: true },
  { acts: ['client floods', 'server floods'], client: '', server: '', isHeld: true },
  { acts: ['client floods', 'client ends', 'server ends'], client: 'end', server: '', isHeld: true },
  // Who is not read from is not heard either.
  { acts: ['client floods', 'client resets'], client: 'close', server: '', isHeld: true },
  { acts: ['server floods', 'server resets'], client: '', server: 'close', isHeld: true },
  // But who still writes notices.
  { acts: ['client floods', 'server floods', 'client resets'], client: 'close', server: 'ECONNRESET close' },
  { acts: ['client floods', 'server floods', 'server resets'], client: 'ECONNRESET close', server: 'close' },
  { acts: ['client floods', 'server ends'], client: 'end', server: '', isHeld: true },
];

/** More than kernels and buffers hold. */
const flood = Buffer.alloc(16 * 1024 * 1024);

/** What a socket has seen, as far as it reads. */
function watch(socket: Socket): { readonly socket: Socket; text(): string } {
  const seen: string[] = [];
  socket.on('data', () => undefined);
  socket.on('end', () => seen.push('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
  socket.on('close', () => seen.push('close'));
  return { socket, text: () => seen.join(' ') };
}

for (const subject of subjects) {
  const { name, skip } = subject;
  test(`${name}: no connection outlives both of its ends`, { skip }, async (t) => {
    const accepted: Socket[] = [];
    const server = await startTcpServer((socket) => void accepted.push(socket), { allowHalfOpen: true });
    t.after(() => server.close());
    const proxyTo = (prefix: string, idleTimeout: string) =>
      networkFilter('tcp_proxy.v3.TcpProxy', {
        stat_prefix: prefix,
        cluster: 'a',
        idle_timeout: idleTimeout,
      });
    const proxy = await startSubject(subject, () => ({
      listeners: { kept: [proxyTo('kept', '0s')], idle: [proxyTo('idle', '0.2s')] },
      clusters: [cluster('a', [server.port])],
    }));
    t.after(() => proxy.stop());
    for (const row of rows) {
      const label = row.acts.join(', ');
      const run = async (listener: string) => {
        const client = connect({ port: proxy.portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
        await until(() => accepted.length === 1);
        const sides = { client: watch(client), server: watch(accepted.pop()!) };
        for (const act of row.acts) await perform(act, sides, proxy);
        return sides;
      };
      const sides = await run('kept');
      const expected = `${label}: ${row.client} | ${row.server}`;
      const seen = (): string => `${label}: ${sides.client.text()} | ${sides.server.text()}`;
      await until(() => seen() === expected).catch(() => assert.equal(seen(), expected));
      await untilActive(proxy, 'kept', row.isHeld === true ? 1 : 0);
      for (const { socket } of [sides.client, sides.server]) {
        // After a FIN the system refuses to reset.
        if (socket.writableEnded) socket.destroy();
        else socket.resetAndDestroy();
      }
      await untilActive(proxy, 'kept', 0);
      if (row.isHeld !== true) continue;
      const idle = await run('idle');
      await untilActive(proxy, 'idle', 0);
      idle.client.socket.destroy();
      idle.server.socket.destroy();
      assert.equal(await proxy.stat('tcp.idle.upstream_flush_active'), 0, label);
    }
  });
}

type Sides = Readonly<Record<'client' | 'server', ReturnType<typeof watch>>>;

async function perform(act: Act, sides: Sides, proxy: RunningSubject): Promise<void> {
  const [side, verb] = act.split(' ') as ['client' | 'server', 'ends' | 'resets' | 'floods'];
  const { socket } = sides[side];
  const other = sides[side === 'client' ? 'server' : 'client'];
  if (verb === 'resets') socket.resetAndDestroy();
  else if (verb === 'ends') {
    socket.end();
    // What was sent after it could overtake it otherwise.
    if (!other.socket.isPaused()) await until(() => other.text().includes('end'));
  } else {
    other.socket.pause();
    socket.write(flood);
    // Until the kernel and the proxy have taken no more for a while; one look says little on a busy machine.
    let taken = -1;
    for (let equalLooks = 0; equalLooks < 25; equalLooks++) {
      await proxy.stat('server.uptime');
      if (taken === socket.bytesWritten - socket.writableLength) continue;
      taken = socket.bytesWritten - socket.writableLength;
      equalLooks = 0;
    }
  }
}

async function untilActive(proxy: RunningSubject, listener: string, count: number): Promise<void> {
  await proxy.untilStat('cluster.a.upstream_cx_active', count);
  await proxy.untilStat(`listener.127.0.0.1_${proxy.portOf(listener)}.downstream_cx_active`, count);
}
