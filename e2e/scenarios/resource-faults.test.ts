import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
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
import { startAnsweringPorts } from '../harness/parts.ts';

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
