import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { probeAddress } from '../src/probe-address.ts';
import { get } from '../src/router/testing/raw-client.ts';
import { listener, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

/** Scopes out of files, and their route tables in them or by RDS: a real Envoy and the sidecar choose the same. */
const envoy = usePeer('envoy');
const type = (name: string): string => `type.googleapis.com/envoy.config.route.v3.${name}`;

interface Side {
  readonly folder: string;
  readonly port: number;
}

const answering = (name: string): Json => ({
  name,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: name } } }],
    },
  ],
});
const scope = (name: string, keys: readonly string[], routes: Json): Json => ({
  '@type': type('ScopedRouteConfiguration'),
  name,
  key: { fragments: keys.map((key) => ({ string_key: key })) },
  ...routes,
});
const inline = (name: string): Json => ({ route_configuration: answering(name) });
const byRds = (name: string): Json => ({ route_configuration_name: name });

const extractor = (name: string, fields: Json): Json => ({ header_value_extractor: { name, ...fields } });
const keyBuilder = {
  fragments: [
    extractor('X-Tenant', { element_separator: ';', element: { separator: '=', key: 't' } }),
    extractor('x-lane', { element_separator: ',', index: 1 }),
  ],
};

function put(folder: string, name: string, ...resources: Json[]): void {
  writeFileSync(join(folder, 'next'), JSON.stringify({ version_info: '1', resources }));
  renameSync(join(folder, 'next'), join(folder, name));
}

async function startSides(t: TestContext, envoyPath: string): Promise<Side[]> {
  const root = mkdtempSync(join(tmpdir(), 'scoped-routes-'));
  t.after(() => rmSync(root, { recursive: true }));
  const sides: Side[] = [];
  for (const name of ['ours', 'theirs']) {
    const folder = join(root, name);
    const { port } = await probeAddress({ address: '127.0.0.1', port: 0 });
    mkdirSync(folder);
    put(folder, 'srds.json', ...worlds[0].scopes);
    put(folder, 'rds.json', { '@type': type('RouteConfiguration'), ...answering('named') });
    const file = (of: string): Json => ({
      path_config_source: { path: join(folder, of) },
      resource_api_version: 'V3',
    });
    const routes = {
      route_config: undefined,
      scoped_routes: {
        name: 'scopes',
        scope_key_builder: keyBuilder,
        rds_config_source: file('rds.json'),
        scoped_rds: { scoped_rds_config_source: file('srds.json') },
      },
    };
    const bootstrap = {
      node: { id: 'n', cluster: 'c' },
      static_resources: {
        listeners: [listener('l', manager('in', [], routes), { address: socketAddress(port) })],
      },
    };
    const process =
      name === 'ours'
        ? await startSidecarProcess(bootstrap, { argv: ['--concurrency', '1'] })
        : await runEnvoyWithAdmin(envoyPath, bootstrap);
    t.after(() => process.stop());
    sides.push({ folder, port });
  }
  return sides;
}

interface World {
  readonly name: string;
  readonly scopes: readonly Json[];
  /** What tells that it serves: headers and the answer. */
  readonly sign: readonly [headers: string, answer: string];
}

const first = 'X-Tenant: t=1\nx-lane: a,b';
const worlds: readonly [World, ...World[]] = [
  {
    name: 'two scopes, one by RDS',
    scopes: [scope('one', ['1', 'b'], inline('first')), scope('two', ['2', ''], byRds('named'))],
    sign: [first, '200 first'],
  },
  {
    name: 'a scope more, and one with another table',
    scopes: [
      scope('one', ['1', 'b'], inline('first again')),
      scope('two', ['2', ''], byRds('named')),
      scope('three', ['', 'b'], inline('third')),
    ],
    sign: [first, '200 first again'],
  },
  {
    // Two that swap their keys are left out: Envoy then forgets one of them.
    name: 'two that change their keys',
    scopes: [scope('one', ['9', 'b'], inline('moved')), scope('two', ['1', 'b'], byRds('named'))],
    sign: [first, '200 named'],
  },
  {
    name: 'the first alone',
    scopes: [scope('one', ['1', 'b'], inline('alone'))],
    sign: [first, '200 alone'],
  },
  { name: 'none', scopes: [], sign: [first, '404 '] },
];

const headers: readonly string[] = [
  first,
  'x-tenant: t=2\nx-lane: a,',
  'x-tenant: u=1;t=1\nx-lane: x,b,c',
  'x-tenant: t=1\nx-tenant: t=2\nx-lane: a,b',
  'x-tenant: t=3;t=1\nx-lane: a,b',
  'x-tenant: t=1=2\nx-lane: a,b',
  'x-tenant: t\nx-lane: a,b',
  'x-tenant: t=1\nx-lane: b',
  'x-tenant: t=1',
  '',
];

async function answerOf(port: number, fields: string): Promise<string> {
  if (!(await isAccepting(port))) return 'nobody';
  const { status, body } = await get(port, '/', fields);
  return `${status} ${body}`;
}

test('scoped routes, beside a real Envoy', { skip: envoy.skip }, async (t) => {
  if (envoy.skip !== false) return;
  const sides = await startSides(t, envoy.path);
  for (const [index, { name, scopes, sign }] of worlds.entries()) {
    for (const { folder, port } of sides) {
      if (index > 0) put(folder, 'srds.json', ...scopes);
      let found = '';
      for (let turn = 0; found !== sign[1] && turn < 400; turn++) {
        if (turn > 0) await sleep(systemClock, 20);
        found = await answerOf(port, sign[0]);
      }
      assert.equal(found, sign[1], `${name}, ${folder}`);
    }
    const [ours, theirs] = await Promise.all(
      sides.map(({ port }) => Promise.all(headers.map((fields) => answerOf(port, fields)))),
    );
    assert.deepEqual(ours, theirs, name);
  }
});
