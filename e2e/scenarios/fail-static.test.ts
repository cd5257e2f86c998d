import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import {
  startControlPlane,
  startService,
  startSidecar,
  untilReachable,
  type ControlPlane,
  type Proxy,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';

interface Mesh {
  readonly controlPlane: ControlPlane;
  readonly objects: readonly object[];
  readonly sidecars: readonly Proxy[];
  readonly savedFiles: readonly string[];
}

/** Two versions of a service, behind the sidecars of two clients: one encrypts its file, one speaks state of the world. */
async function startMesh(harness: Harness): Promise<Mesh> {
  const [controlPlane, v1, v2] = await Promise.all([
    startControlPlane(harness),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
  ]);
  const objects = [
    service('cart'),
    policy('cart', { healthCheck: quickHealthCheck }),
    instance('cart', 'cart-1', v1.port, { version: 'v1' }),
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  ];
  await controlPlane.rest.apply(...objects);
  const keyPath = path.join(harness.folder, 'saved.key');
  writeFileSync(keyPath, randomBytes(32).toString('base64'));
  const savedFiles = ['delta', 'sotw'].map((id) => path.join(harness.folder, 'state', id));
  const [deltaFile = '', sotwFile = ''] = savedFiles;
  const common = { controlPlane, upstreams: ['cart'] };
  const sidecars = await Promise.all([
    startSidecar(harness, { ...common, id: 'delta', saved: { path: deltaFile, keyPath } }),
    startSidecar(harness, { ...common, id: 'sotw', isDelta: false, saved: { path: sotwFile } }),
  ]);
  for (const sidecar of sidecars) {
    await untilReachable(sidecar, 'cart');
    await untilBothWorkersAnswered(sidecar, 'cart');
  }
  await until('the configuration is saved', async () => {
    const writes = await Promise.all(sidecars.map(({ admin }) => admin.stat('saved_config.writes')));
    return writes.every((count) => count > 0);
  });
  return { controlPlane, objects, sidecars, savedFiles };
}

async function restartAll(sidecars: readonly Proxy[], how: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await Promise.all(
    sidecars.map(async (sidecar) => {
      sidecar.process.kill(how);
      await sidecar.process.exited;
      await sidecar.restart();
    }),
  );
}

test('all control planes stopped, all sidecars restarted: traffic goes on, and what changed meanwhile comes later', async () => {
  await using harness = createHarness('fail-static');
  const { controlPlane, sidecars, savedFiles } = await startMesh(harness);
  assert.ok(!readFileSync(savedFiles[0]!).includes('cart') && readFileSync(savedFiles[1]!).includes('cart'));

  await controlPlane.kill();
  for (const how of ['SIGKILL', 'SIGTERM'] as const) {
    await restartAll(sidecars, how);
    for (const sidecar of sidecars) {
      await untilReachable(sidecar, 'cart');
      assert.equal(await sidecar.admin.stat('saved_config.in_use'), 1);
      assert.equal(await sidecar.admin.stat('saved_config.unusable'), 0);
    }
    const load = loadThrough(harness, sidecars, 'cart');
    const alone = await nextRequests(load, 300);
    assert.deepEqual(alone.byVersion, { v1: alone.requests });
    const { failed, failures } = await load.stop();
    assert.equal(failed, 0, failures.join('\n'));
  }

  // The control plane is back: nothing breaks when it takes over, and it changes things again.
  const load = loadThrough(harness, sidecars, 'cart');
  await nextRequests(load, 50);
  await controlPlane.restart();
  await until('every sidecar obeys the control plane again', async () => {
    const inUse = await Promise.all(sidecars.map(({ admin }) => admin.stat('saved_config.in_use')));
    return inUse.every((value) => value === 0);
  });
  await nextRequests(load, 300);
  await controlPlane.rest.apply(route('cart', [{ version: 'v2', weight: 1 }]));
  await untilOnlyVersion(load, 'v2');
  const { failed, failures } = await load.stop();
  assert.equal(failed, 0, failures.join('\n'));
});

for (const [what, shouldLeaveFile] of [
  ['missing', false],
  ['empty', true],
] as const) {
  test(`the file of the registry is ${what}: endpoints stay in all sidecars until somebody writes`, async () => {
    await using harness = createHarness(`registry-${what}`);
    const { controlPlane, objects, sidecars: restarted } = await startMesh(harness);
    const running = await startSidecar(harness, { id: 'running', controlPlane, upstreams: ['cart'] });
    await untilReachable(running, 'cart');
    await controlPlane.kill();
    await restartAll(restarted, 'SIGKILL');
    const sidecars = [...restarted, running];
    for (const sidecar of sidecars) await untilReachable(sidecar, 'cart');
    const load = loadThrough(harness, sidecars, 'cart');
    await nextRequests(load, 50);

    for (const suffix of ['', '-wal', '-shm']) rmSync(controlPlane.registry + suffix, { force: true });
    if (shouldLeaveFile) writeFileSync(controlPlane.registry, '');
    await controlPlane.restart();
    await until('every sidecar is connected', async () => {
      const states = await Promise.all(
        sidecars.map(({ admin }) => admin.stat('control_plane.connected_state')),
      );
      return states.every((state) => state === 1);
    });
    assert.deepEqual(await controlPlane.rest.get('/v1/services'), { items: [], revision: 0 });
    const empty = await nextRequests(load, 500);
    assert.equal(empty.failed, 0, empty.failures.join('\n'));

    // Somebody says what the mesh is: all that is the same stays as it is, what differs comes.
    await controlPlane.rest.apply(...objects.slice(0, -1), route('cart', [{ version: 'v2', weight: 1 }]));
    await untilOnlyVersion(load, 'v2');
    const { failed, failures } = await load.stop();
    assert.equal(failed, 0, failures.join('\n'));
  });
}
