import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Load } from '@heddle/shared/testing/load-generator';
import { usePeer } from '@heddle/shared/testing/peers';
import { answersOk, createHarness, until } from '../harness/harness.ts';
import { startService, type TestService } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';
import { buildGoProgram, type GoProgram } from './build-go-program.ts';
import { startManagementServer, type ManagementServer } from './go-control-plane/management-server.ts';
import { startSidecarOfFile, type SidecarOfFile, type Variant } from './sidecar-of-a-file.ts';
import {
  assignment,
  edsCluster,
  httpListener,
  luaFilter,
  routeTo,
  type XdsResource,
} from './xds-resources.ts';

const go = usePeer('go');
let program: GoProgram | undefined;
before(async () => {
  if (go.skip === false)
    program = await buildGoProgram(go.path, path.join(import.meta.dirname, 'go-control-plane'));
});
after(() => program?.[Symbol.dispose]());

for (const variant of ['GRPC', 'DELTA_GRPC'] as const) {
  test(`a sidecar obeys go-control-plane: ${variant}`, { skip: go.skip }, async (t) => {
    await using harness = createHarness(`go-control-plane-${variant}`);
    const mesh = await startMesh(harness, variant);
    await t.test('every snapshot changes clusters and routes together', () => changesTogether(mesh));
    await t.test('endpoints move', () => endpointsMove(mesh));
    await t.test('a cluster of the same name changes', () => clusterChanges(mesh));
    await t.test('what is refused changes nothing', () => refuses(mesh));
    await t.test('the server comes back with other resources', () => serverComesBack(mesh));
    const { failed, failures } = await mesh.load.stop();
    assert.equal(failed, 0, failures.join('\n'));
    await t.test('all is removed', () => allIsRemoved(mesh));
  });
}

interface Mesh {
  readonly server: ManagementServer;
  readonly sidecar: SidecarOfFile;
  readonly v1: TestService;
  readonly v2: TestService;
  readonly load: Load;
}

/** One cluster, its endpoints, the route to it. */
function world(mesh: Pick<Mesh, 'sidecar'>, cluster: string, service: TestService): XdsResource[] {
  return [
    edsCluster(cluster),
    assignment(cluster, [service.port]),
    routeTo(cluster),
    httpListener(mesh.sidecar.outboundPort),
  ];
}

async function startMesh(harness: ReturnType<typeof createHarness>, variant: Variant): Promise<Mesh> {
  assert.ok(program);
  const [server, v1, v2] = await Promise.all([
    startManagementServer(harness, program),
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
  ]);
  await server.set([]);
  const sidecar = await startSidecarOfFile(harness, { id: 'foreign', xdsPort: server.xdsPort, variant });
  await server.set(world({ sidecar }, 'cluster-0', v1));
  await until('the listener serves', () => answersOk(sidecar.outboundPort, '/'));
  const load = loadThrough(harness, [sidecar], 'a.test', { connections: 16, requestsPerSecond: 1000 });
  await untilBothWorkersAnswered(sidecar, 'a.test');
  return { server, sidecar, v1, v2, load };
}

async function changesTogether(mesh: Mesh): Promise<void> {
  const { server, v1, v2, load } = mesh;
  for (let index = 1; index <= 40; index++) {
    await server.set(world(mesh, `cluster-${index}`, index % 2 === 0 ? v1 : v2));
    await nextRequests(load, 15);
  }
  await untilOnlyVersion(load, 'v1');
  await until('only the last cluster is left', async () => {
    const names = new Set((await mesh.sidecar.admin.clusterLines()).map((line) => line.split('::')[0]));
    return names.size === 2 && names.has('cluster-40');
  });
}

async function endpointsMove(mesh: Mesh): Promise<void> {
  const { server, v1, v2, load } = mesh;
  const endpointsAt = (...services: TestService[]): XdsResource[] => [
    edsCluster('cluster-40'),
    assignment(
      'cluster-40',
      services.map(({ port }) => port),
    ),
    routeTo('cluster-40'),
    httpListener(mesh.sidecar.outboundPort),
  ];
  await server.set(endpointsAt(v1, v2));
  await until(
    'both versions answer',
    async () => Object.keys((await nextRequests(load, 30)).byVersion).length === 2,
  );
  await server.set(endpointsAt(v2));
  await untilOnlyVersion(load, 'v2');
  await server.set(endpointsAt(v1));
  await untilOnlyVersion(load, 'v1');
}

async function clusterChanges(mesh: Mesh): Promise<void> {
  const { server, v2, load, sidecar } = mesh;
  await server.set([
    edsCluster('cluster-40', {
      lb_policy: 'LEAST_REQUEST',
      circuit_breakers: { thresholds: [{ max_requests: 77 }] },
    }),
    assignment('cluster-40', [v2.port]),
    routeTo('cluster-40'),
    httpListener(sidecar.outboundPort),
  ]);
  await untilOnlyVersion(load, 'v2');
  await until('its circuit breakers are the new ones', async () =>
    (await sidecar.admin.clusterLines()).includes('cluster-40::default_priority::max_requests::77'),
  );
}

async function refuses(mesh: Mesh): Promise<void> {
  const { server, sidecar, v1, v2, load } = mesh;
  const refused: readonly [name: string, resources: XdsResource[], message: RegExp][] = [
    [
      'an invalid cluster',
      [edsCluster('cluster-40', { connect_timeout: '-1s' }), ...world(mesh, 'cluster-40', v2).slice(1)],
      /Cluster "cluster-40": connect_timeout/,
    ],
    [
      'an unsupported route',
      [
        ...world(mesh, 'cluster-40', v2).filter(({ name }) => name !== 'routes'),
        routeTo('cluster-40', { request_mirror_policies: [{ cluster: 'shadow' }] }),
      ],
      /RouteConfiguration "routes": virtual_hosts\[0\]\.routes\[0\]\.route\.request_mirror_policies/,
    ],
    [
      'an unsupported filter',
      [
        ...world(mesh, 'cluster-40', v2).slice(0, 3),
        httpListener(sidecar.outboundPort, { filters: [luaFilter] }),
      ],
      /Listener "ingress": filter_chains\[0\]\.filters\[0\]\.typed_config\.http_filters\[0\]/,
    ],
  ];
  for (const [what, resources, message] of refused) {
    const known = (await server.refusals()).length;
    await server.set(resources);
    const first = await until(`${what} is refused`, async () => (await server.refusals())[known]);
    assert.match(first.message, message);
    const { byVersion, requests } = await nextRequests(load, 50);
    assert.equal(byVersion['v2'], requests, `${what}: the old configuration serves`);
    await server.set(world(mesh, 'cluster-40', v1));
    await untilOnlyVersion(load, 'v1');
    await server.set(world(mesh, 'cluster-40', v2));
    await untilOnlyVersion(load, 'v2');
  }
}

async function serverComesBack(mesh: Mesh): Promise<void> {
  const { server, v1, load, sidecar } = mesh;
  await server.kill();
  const connected = 'control_plane.connected_state';
  await until('the sidecar noticed', async () => (await sidecar.admin.stat(connected)) === 0);
  await nextRequests(load, 100);
  await server.restart();
  await server.set(world(mesh, 'cluster-of-the-new-server', v1));
  await untilOnlyVersion(load, 'v1');
  assert.equal(await sidecar.admin.stat(connected), 1);
}

async function allIsRemoved({ server, sidecar }: Mesh): Promise<void> {
  await server.set([]);
  await until('nobody listens', async () => !(await answersOk(sidecar.outboundPort, '/')));
  await until('no cluster is left', async () =>
    (await sidecar.admin.clusterLines()).every((line) => line.startsWith('management::')),
  );
}
