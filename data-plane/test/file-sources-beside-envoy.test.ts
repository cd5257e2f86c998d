import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../src/probe-address.ts';
import { get } from '../src/router/testing/raw-client.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { assignment, endpoint, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

/**
 * Everything comes out of files, which are renamed into place: a real Envoy and the sidecar, each with a folder of
 * the same files, answer the same and count the same. A field that nobody knows is left out: Envoy passes over it in
 * a file that it reads later, and refuses it in its bootstrap file; the sidecar refuses it in both.
 */
const envoy = usePeer('envoy');
const type = (name: string): string => `type.googleapis.com/envoy.config.${name}`;

interface Side {
  readonly port: number;
  readonly adminPort: number;
  readonly folder: string;
}

const fileSource = (folder: string, name: string): Json => ({
  path_config_source: { path: join(folder, name) },
  resource_api_version: 'V3',
});
const response = (version: string, ...resources: Json[]): string =>
  JSON.stringify({ version_info: version, resources });
const edsCluster = (folder: string, name: string): Json => ({
  '@type': type('cluster.v3.Cluster'),
  name,
  type: 'EDS',
  connect_timeout: '1s',
  eds_cluster_config: { eds_config: fileSource(folder, `eds-${name}.json`) },
});
const endpointsOf = (name: string, port: number): Json => ({
  '@type': type('endpoint.v3.ClusterLoadAssignment'),
  ...assignment(name, [endpoint(port)]),
});
const routesTo = (body: string, name = 'r'): Json => ({
  '@type': type('route.v3.RouteConfiguration'),
  name,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      routes: [
        { match: { prefix: '/up/' }, route: { cluster: 'a' } },
        { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: body } } },
      ],
    },
  ],
});
const httpListener = ({ port, folder }: Side): Json => ({
  '@type': type('listener.v3.Listener'),
  name: 'l',
  address: socketAddress(port),
  filter_chains: [
    {
      filters: [
        {
          name: 'm',
          typed_config: manager('in', 'r', {
            rds: { route_config_name: 'r', config_source: fileSource(folder, 'rds.json') },
          }),
        },
      ],
    },
  ],
});

function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `next-${name}`), text);
  renameSync(join(folder, `next-${name}`), join(folder, name));
}

async function startSides(t: TestContext, envoyPath: string): Promise<Side[]> {
  const root = mkdtempSync(join(tmpdir(), 'file-sources-'));
  t.after(() => rmSync(root, { recursive: true }));
  const free = async (): Promise<number> => (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
  const sides: Side[] = [];
  for (const name of ['ours', 'theirs']) {
    const side = { folder: join(root, name), port: await free(), adminPort: 0 };
    mkdirSync(side.folder);
    put(side.folder, 'cds.json', response('1', edsCluster(side.folder, 'a')));
    put(side.folder, 'eds-a.json', response('1', endpointsOf('a', 1)));
    put(side.folder, 'lds.json', response('1', httpListener(side)));
    put(side.folder, 'rds.json', response('1', routesTo('a')));
    const bootstrap = {
      node: { id: 'n', cluster: 'c' },
      dynamic_resources: {
        cds_config: fileSource(side.folder, 'cds.json'),
        lds_config: fileSource(side.folder, 'lds.json'),
      },
    };
    const process =
      name === 'ours'
        ? await startSidecarProcess(bootstrap, { argv: ['--concurrency', '1'] })
        : await runEnvoyWithAdmin(envoyPath, bootstrap);
    t.after(() => process.stop());
    sides.push({ ...side, adminPort: process.adminPort });
  }
  return sides;
}

async function statsOf({ adminPort }: Side): Promise<string[]> {
  const lines = (await askAdmin(adminPort, '/stats')).split('\n');
  const wanted =
    /^(cluster_manager\.cds|listener_manager\.lds|http\.in\.rds\.r)\.(update_(success|rejected|failure|attempt)|version_text): /;
  return lines.filter((line) => wanted.test(line)).sort();
}

/** What a side says of itself, once it is as expected; or, if that does not come, what it says then. */
async function settled(read: () => Promise<string>, expected: string): Promise<string> {
  for (let turn = 0; ; turn++) {
    const found = await read();
    if (found === expected || turn === 400) return found;
    await sleep(systemClock, 20);
  }
}

interface Step {
  readonly name: string;
  /** File and content; `folder` is that of the side. */
  readonly files: (side: Side) => readonly (readonly [name: string, text: string])[];
  /** A counter that says that it was read, and the value it then has. */
  readonly read: readonly [name: string, value: number];
  readonly body: string;
}

const steps: readonly Step[] = [
  {
    name: 'another route table',
    files: () => [['rds.json', response('2', routesTo('a2'))]],
    read: ['http.in.rds.r.update_success', 2],
    body: 'a2',
  },
  {
    name: 'a route table that is no JSON',
    files: () => [['rds.json', '{ "resources": [']],
    read: ['http.in.rds.r.update_failure', 1],
    body: 'a2',
  },
  {
    name: 'a route table that breaks a rule',
    files: () => [
      ['rds.json', response('4', { ...routesTo('a4'), virtual_hosts: [{ name: '', domains: [] }] })],
    ],
    read: ['http.in.rds.r.update_rejected', 1],
    body: 'a2',
  },
  {
    name: 'a route table of another name',
    files: () => [['rds.json', response('5', routesTo('a5', 'other'))]],
    read: ['http.in.rds.r.update_rejected', 2],
    body: 'a2',
  },
  {
    name: 'the route table again',
    files: () => [['rds.json', response('6', routesTo('a6'))]],
    read: ['http.in.rds.r.update_success', 3],
    body: 'a6',
  },
  {
    name: 'clusters, one of which breaks a rule',
    files: ({ folder }) => [
      ['eds-b.json', response('1', endpointsOf('b', 2))],
      [
        'cds.json',
        response('2', { ...edsCluster(folder, 'a'), connect_timeout: '0s' }, edsCluster(folder, 'b')),
      ],
    ],
    read: ['cluster_manager.cds.update_rejected', 1],
    body: 'a6',
  },
  {
    name: 'both clusters',
    files: ({ folder }) => [['cds.json', response('3', edsCluster(folder, 'a'), edsCluster(folder, 'b'))]],
    read: ['cluster_manager.cds.update_success', 2],
    body: 'a6',
  },
  {
    name: 'no listener',
    files: () => [['lds.json', response('2')]],
    read: ['listener_manager.lds.update_success', 2],
    body: 'nobody',
  },
  {
    name: 'the listener again',
    files: (side) => [['lds.json', response('3', httpListener(side))]],
    read: ['listener_manager.lds.update_success', 3],
    body: 'a6',
  },
];

test('files of every kind, beside a real Envoy', { skip: envoy.skip }, async (t) => {
  if (envoy.skip !== false) return;
  const sides = await startSides(t, envoy.path);
  const answer = async ({ port }: Side): Promise<string> =>
    (await isAccepting(port)) ? (await get(port, '/')).body : 'nobody';
  for (const side of sides) assert.equal(await settled(() => answer(side), 'a'), 'a');
  for (const { name, files, read, body } of steps) {
    for (const side of sides) {
      for (const [file, text] of files(side)) put(side.folder, file, text);
      const lineOf = async (): Promise<string> =>
        (await statsOf(side)).find((line) => line.startsWith(`${read[0]}: `)) ?? '';
      const where = `${name}, ${side.folder}`;
      assert.equal(await settled(lineOf, `${read[0]}: ${read[1]}`), `${read[0]}: ${read[1]}`, where);
      assert.equal(await settled(() => answer(side), body), body, where);
    }
    const [ours = [], theirs = []] = await Promise.all(sides.map((side) => statsOf(side)));
    assert.deepEqual(ours, theirs, name);
  }
  const clusters = await Promise.all(
    sides.map(async ({ adminPort }) => {
      const lines = (await askAdmin(adminPort, '/clusters')).split('\n');
      return [...new Set(lines.flatMap((line) => /^[ab]::127\.0\.0\.1:\d/.exec(line) ?? []))].sort();
    }),
  );
  assert.deepEqual(clusters[0], clusters[1]);
  assert.equal(clusters[0]?.length, 2);
});
