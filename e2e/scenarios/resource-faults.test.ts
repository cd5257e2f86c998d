import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startFaultMesh, type FaultMesh, type OwnRequests } from '../faults/fault-mesh.ts';
import { formatFaultTable, type FaultRow } from '../faults/fault-table.ts';
import { startLoggingSidecar, type LoggingSidecar } from '../faults/logging-sidecar.ts';
import { createSmallDisk } from '../faults/small-disk.ts';
import { startVictimLoad } from '../faults/victim.ts';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, service } from '../harness/objects.ts';
import {
  startAnsweringPorts,
  startService,
  startSidecar,
  untilReachable,
  type Proxy,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';

let harness: Harness;
let mesh: FaultMesh;
let upstreamPort = 0;
const rows: FaultRow[] = [];
before(async () => {
  harness = createHarness('resource-faults');
  [mesh, [upstreamPort = 0]] = await Promise.all([
    startFaultMesh(harness, { isInjectable: true }),
    startAnsweringPorts(harness, 1),
  ]);
});
after(async () => {
  await harness[Symbol.asyncDispose]();
  console.log(formatFaultTable(rows));
});

/** Load through a sidecar that logs each request; none may fail, whatever becomes of the log. */
async function logUnderLoad(sidecar: LoggingSidecar, fault: () => Promise<void>): Promise<OwnRequests> {
  const load = startVictimLoad(harness, {
    port: sidecar.port,
    service: 'logged',
    path: `/${'x'.repeat(2000)}`,
  });
  await load.next(50);
  await fault();
  await load.next(50);
  await load.stop();
  return load.account();
}

const statGrows = async ({ admin }: LoggingSidecar, name: string): Promise<void> => {
  const before = await admin.stat(name);
  await until(`${name} grows`, async () => (await admin.stat(name)) > before);
};

test('a sidecar’s disk is full, then read-only', { timeout: 120_000 }, async (context) => {
  const smallDisk = createSmallDisk();
  if (smallDisk === undefined) {
    context.skip('no permission to mount a disk');
    return;
  }
  harness.onEnd(() => Promise.resolve(smallDisk.remove()));
  const logPath = path.join(smallDisk.folder, 'access.log');
  const sidecar = await startLoggingSidecar(harness, { id: 'on-disk', upstreamPort, logPath });
  const lines = (): string[] => readFileSync(logPath, 'utf8').trim().split('\n');

  rows.push(
    await mesh.during('a sidecar’s disk full, then with space again', () =>
      logUnderLoad(sidecar, async () => {
        smallDisk.fill();
        await statGrows(sidecar, 'filesystem.write_failed');
        await statGrows(sidecar, 'filesystem.lines_dropped');
        smallDisk.free();
        await statGrows(sidecar, 'filesystem.write_completed');
      }),
    ),
  );
  // A line that the full disk cut short does not run into the next one.
  for (const line of lines().slice(-5)) assert.match(line, /^\[[^\]]+\] "GET \/x{2000} HTTP\/1\.1" 200 .*"$/);

  rows.push(
    await mesh.during('a sidecar’s disk read-only when its log is rotated', () =>
      logUnderLoad(sidecar, async () => {
        smallDisk.setReadOnly(true);
        await call(sidecar.admin.port, '/reopen_logs', { method: 'POST' });
        await statGrows(sidecar, 'filesystem.reopen_failed');
        await statGrows(sidecar, 'filesystem.lines_dropped');
        smallDisk.setReadOnly(false);
        const before = lines().length;
        await until('the log is written again', () => lines().length > before);
      }),
    ),
  );
});

test('nobody takes what a sidecar prints', { timeout: 120_000 }, async () => {
  rows.push(
    await mesh.during('a sidecar’s stdout and stderr on a full device', async () => {
      const sidecar = await startLoggingSidecar(harness, { id: 'full', upstreamPort, output: '/dev/full' });
      const own = await logUnderLoad(sidecar, () => statGrows(sidecar, 'filesystem.write_failed'));
      sidecar.process.kill('SIGTERM');
      assert.deepEqual(await sidecar.process.exited, { code: 0, signal: null });
      return own;
    }),
  );

  rows.push(
    await mesh.during('a sidecar’s stdout and stderr closed by the reader', async () => {
      const pipe = path.join(harness.folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      const sidecar = await startLoggingSidecar(harness, { id: 'closed', upstreamPort, output: pipe });
      const own = await logUnderLoad(sidecar, async () => {
        closeSync(reader);
        await statGrows(sidecar, 'filesystem.write_failed');
      });
      sidecar.process.kill('SIGTERM');
      assert.deepEqual(await sidecar.process.exited, { code: 0, signal: null });
      return own;
    }),
  );
});

const hourMs = 3_600_000;
/** Instances whose leases are renewed, beside one whose lease is not: were it most of them, its end would be held. */
const kept = ['kept-1', 'kept-2', 'kept-3'];

test('the clock jumps', { timeout: 120_000 }, async () => {
  const [controlPlane] = mesh.controlPlanes;
  assert.ok(controlPlane !== undefined);
  const { rest } = controlPlane;
  await rest.apply(service('leased'));
  const instances = '/v1/services/leased/instances';
  const exists = async (id: string): Promise<boolean> =>
    (await rest.send('GET', `${instances}/${id}`)).status === 200;

  for (const [name, byMs] of [
    ['forward by an hour', hourMs],
    ['back by an hour', -hourMs],
  ] as const) {
    rows.push(
      await mesh.during(`clocks of all planes jump ${name}`, async () => {
        await rest.apply(
          ...kept.map((id) => instance('leased', id, upstreamPort, { lease: { ttlSeconds: 2 } })),
          instance('leased', 'left', upstreamPort, { lease: { ttlSeconds: 2 } }),
        );
        const startedMs = performance.now();
        for (const plane of [controlPlane, ...mesh.sidecars]) plane.inject({ kind: 'clock-jump', byMs });
        await until('the sidecars live in that time', async () => {
          const dates = await Promise.all(
            mesh.sidecars.map(async ({ outboundPort, listenAddress: address }) =>
              Date.parse((await call(outboundPort, '/', { host: 'nowhere', address })).headers.date ?? ''),
            ),
          );
          return dates.every((date) => Math.abs(date - Date.now() - byMs) < 60_000);
        });
        assert.ok(await exists('left'), 'a lease does not end because the clock jumped');
        // Heartbeats keep what is there; what nobody renews goes in its time.
        await until('the lease that nobody renews ends', async () => {
          for (const id of kept)
            assert.equal((await rest.send('POST', `${instances}/${id}/renew`)).status, 204);
          return !(await exists('left'));
        });
        assert.ok(performance.now() - startedMs > 1900, 'and not before');
        for (const id of kept) assert.ok(await exists(id), `${id} is kept`);
        await mesh.untilChangesArrive();
        for (const plane of [controlPlane, ...mesh.sidecars]) plane.inject({ kind: 'clock-jump', byMs: 0 });
        return undefined;
      }),
    );
  }
});

const activeStat = 'overload.envoy.overload_actions.stop_accepting_connections.active';

/** A sidecar for which faults can be injected, with the service `cart` behind it. */
async function startVictim(id: string, nodeArguments: readonly string[] = []): Promise<Proxy> {
  const [controlPlane] = mesh.controlPlanes;
  assert.ok(controlPlane !== undefined);
  const sidecar = await startSidecar(harness, { id, controlPlane, isInjectable: true, nodeArguments });
  await untilReachable(sidecar, 'cart');
  await untilBothWorkersAnswered(sidecar, 'cart');
  return sidecar;
}

function logOf({ process }: Proxy): string {
  return readFileSync(process.logFile, 'utf8');
}

test('a sidecar’s descriptors run out', { timeout: 120_000 }, async () => {
  const victim = await startVictim('few-descriptors');
  const { process, admin, outboundPort } = victim;
  const act = async (): Promise<OwnRequests> => {
    const load = startVictimLoad(harness, { port: outboundPort, service: 'cart' });
    await load.next(50);
    const openCount = readdirSync(`/proc/${process.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${openCount + 60}:`]);
    const idle: Socket[] = [];
    harness.onEnd(() => Promise.resolve(idle.forEach((socket) => socket.destroy())));
    // The limit is looked at twice a second.
    await load.next(100);
    // All connect, since the kernel takes them; the last ones are not accepted any more.
    await until('both workers accept nothing', async () => {
      for (let index = 0; index < 5; index++) idle.push(await connectTo(outboundPort));
      return (await admin.stat(activeStat)) === 2;
    });
    assert.ok(readdirSync(`/proc/${process.pid}/fd`).length < openCount + 60);
    await load.next(50);
    const waiting = call(outboundPort, '/', { host: 'cart', timeoutMs: 30_000 });
    await load.next(50);
    for (const socket of idle) socket.destroy();
    await until('both workers accept again', async () => (await admin.stat(activeStat)) === 0);
    assert.equal((await waiting).status, 200);
    await load.next(50);
    await load.stop();
    return load.account();
  };
  rows.push(await mesh.during('a sidecar’s descriptors run out, then are free again', act));
  await until('it says so', () => logOf(victim).includes('connections are accepted again'));
  const warnings = logOf(victim).match(/no connection is accepted.*/g) ?? [];
  assert.ok(warnings.length >= 1 && warnings.length <= 4, `${warnings.length} warnings`);
  assert.match(logOf(victim), /"resource":"descriptors","reason":"\d+ of \d+ file descriptors are open"/);
});

test('no descriptor is left for the upstream', { timeout: 120_000 }, async () => {
  const [controlPlane] = mesh.controlPlanes;
  const slow = await startService(harness);
  await controlPlane!.rest.apply(service('slow'), instance('slow', 'slow-1', slow.port));
  const victim = await startVictim('no-descriptors');
  await untilReachable(victim, 'slow');
  const { process, outboundPort } = victim;
  const limit = (soft: string): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${soft}:`]);
  };
  const act = async (): Promise<OwnRequests> => {
    // Connections that are there, without one to the upstream: nothing has been asked on them.
    const clients = await Promise.all(Array.from({ length: 30 }, () => connectTo(outboundPort)));
    harness.onEnd(() => Promise.resolve(clients.forEach((client) => client.destroy())));
    await until('all are accepted', async () => {
      const counts = await victim.admin.connectionsByWorker(outboundPort);
      return [...counts.values()].reduce((sum, count) => sum + count, 0) >= 30;
    });
    const openCount = readdirSync(`/proc/${process.pid}/fd`).length;
    limit(String(openCount));
    const statuses = await Promise.all(clients.map(askSlowlyOn));
    assert.ok(statuses.includes('503'), `upstream connections fail: ${statuses.join()}`);
    limit('4096');
    for (const status of statuses) assert.match(status, /^(200|503)$/);
    assert.deepEqual(new Set(await Promise.all(clients.map(askSlowlyOn))), new Set(['200']));
    const failed = statuses.filter((status) => status === '503').length;
    const connectFailures = await victim.admin.stats('.upstream_cx_connect_fail');
    assert.ok([...connectFailures.values()].some((count) => count > 0));
    return { requests: 60, failed, hadToFail: failed };
  };
  rows.push(await mesh.during('a sidecar without a descriptor for its upstream', act));
  assert.equal(process.exit, undefined);
});

test('the heap of a worker is nearly full', { timeout: 120_000 }, async () => {
  const victim = await startVictim('full-heap', ['--max-old-space-size=96']);
  const { admin, outboundPort } = victim;
  const act = async (): Promise<OwnRequests> => {
    const load = startVictimLoad(harness, { port: outboundPort, service: 'cart' });
    await load.next(50);
    // Between the mark of the monitor, 75 % of 96 MB, and that of V8, 80 %.
    victim.inject({ kind: 'fill-heap', megabytes: 74 });
    await until('both workers accept nothing', async () => {
      assert.equal(await admin.stat('server.worker_deaths'), 0);
      return (await admin.stat(activeStat)) === 2;
    });
    await load.next(50);
    victim.inject({ kind: 'free-heap' });
    await until('both workers accept again', async () => (await admin.stat(activeStat)) === 0);
    await untilReachable(victim, 'cart');
    await load.next(50);
    await load.stop();
    return load.account();
  };
  rows.push(await mesh.during('a worker’s heap nearly full, then with room again', act));
  assert.match(logOf(victim), /"resource":"worker_heap","reason":"\d+ of \d+ bytes of the heap are used"/);
  assert.equal(await admin.stat('server.worker_deaths'), 0);
});

/** Resolves when the kernel has taken the connection. */
function connectTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject).on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

/**
 * A request on an open connection, which stays open; resolves with the status. It is slow, so that none has the upstream
 * connection that another one had.
 */
function askSlowlyOn(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString('latin1');
      const [head = '', body] = answer.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? NaN);
      const isWhole = answer.endsWith('\r\n0\r\n\r\n') || (body !== undefined && body.length >= length);
      if (!isWhole) return;
      socket.off('data', onData);
      resolve(answer.slice(9, 12));
    };
    socket.on('data', onData);
    socket.once('close', () => resolve('closed'));
    socket.write('GET /slow?ms=300 HTTP/1.1\r\nhost: slow\r\n\r\n');
  });
}
