import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { answersOk, createHarness, repositoryRoot, until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, route, service } from '../harness/objects.ts';
import { startService } from '../harness/parts.ts';
import { createRest } from '../harness/rest.ts';

/** An installation: what `npm run build` makes, manifests, the API's tables, packages; no TypeScript anywhere. */
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-compiled-'));
const workspaces = ['shared', 'control-plane', 'data-plane', 'cli'];

before(() => {
  execFileSync(process.execPath, [path.join(repositoryRoot, 'tools/build.ts'), folder]);
  const copied = [...workspaces.map((workspace) => `${workspace}/package.json`), 'package.json'];
  for (const name of [
    ...copied,
    'proto/api',
    'proto/heddle',
    'cli/bin',
    'data-plane/bin',
    'tools/node',
    'tools/run',
  ]) {
    cpSync(path.join(repositoryRoot, name), path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'node_modules/@heddle'), { recursive: true });
  for (const workspace of workspaces) {
    symlinkSync(path.join(folder, workspace), path.join(folder, 'node_modules/@heddle', workspace));
  }
  for (const name of readdirSync(path.join(repositoryRoot, 'node_modules'))) {
    if (name === '@heddle' || name.startsWith('.')) continue;
    symlinkSync(path.join(repositoryRoot, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
});
after(() => rmSync(folder, { recursive: true }));

/** A program of the installation, started as its images start it. */
function startCompiled(
  harness: Harness,
  name: string,
  program: string,
  flags: Readonly<Record<string, string | number>>,
  isReady: () => Promise<boolean>,
): Promise<unknown> {
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const command = ['node', '--conditions=compiled', path.join(folder, program), ...words] as const;
  // What it compiles is kept in the installation, which goes away.
  const environment = { ...globalThis.process.env, NODE_COMPILE_CACHE: path.join(folder, 'code-cache') };
  return harness.start({ name, command: [...command], cwd: folder, environment }, isReady);
}

test('the build holds every program, and nothing of the tests', () => {
  const built = globSync('{shared,control-plane,data-plane,cli}/dist/**', { cwd: folder }).filter((file) =>
    path.extname(file),
  );
  for (const program of [
    'control-plane/dist/main.js',
    'data-plane/dist/worker.js',
    'data-plane/dist/envoy.js',
    'cli/dist/main.js',
  ]) {
    assert.ok(built.includes(program), program);
  }
  assert.deepEqual(
    built.filter((file) => !file.endsWith('.js') || /\.(test|contract|fixture)\.js$/.test(file)),
    ['data-plane/dist/THIRD-PARTY-LICENCES.txt'],
  );
});

test('the command envoy runs on compiled output', () => {
  const said = execFileSync(
    path.join(folder, 'data-plane/bin/envoy'),
    ['--mode', 'validate', '--config-yaml', '{}'],
    {
      env: { ...globalThis.process.env, NODE_COMPILE_CACHE: path.join(folder, 'code-cache') },
    },
  );
  assert.equal(said.toString(), "configuration '' OK\n");
});

test('a mesh runs on compiled output and follows a change of its route', async () => {
  await using harness = createHarness('compiled');
  const [restPort = 0, xdsPort = 0, ...proxyPorts] = await findFreePorts(8);
  const [v1, v2] = await Promise.all([
    startService(harness, { version: 'v1' }),
    startService(harness, { version: 'v2' }),
    startCompiled(
      harness,
      'control-plane',
      'control-plane/dist/main.js',
      {
        'rest-port': restPort,
        'xds-port': xdsPort,
        registry: path.join(harness.folder, 'registry.db'),
      },
      () => answersOk(restPort, '/readyz'),
    ),
  ]);
  const rest = createRest(restPort);
  const [outbound = 0, admin = 0, besideOutbound = 0, besideInbound = 0, besideAdmin = 0] = proxyPorts;
  const sidecar = { 'control-plane': `127.0.0.1:${xdsPort}`, concurrency: 2 };
  await rest.apply(
    service('cart'),
    instance('cart', 'cart-1', besideInbound, { version: 'v1' }),
    instance('cart', 'cart-2', v2.port, { version: 'v2' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  );
  await Promise.all([
    startCompiled(
      harness,
      'sidecar-client',
      'data-plane/dist/main.js',
      { ...sidecar, 'node-id': 'client', upstreams: 'cart', 'outbound-port': outbound, 'admin-port': admin },
      () => answersOk(admin, '/ready'),
    ),
    startCompiled(
      harness,
      'sidecar-cart-1',
      'data-plane/dist/main.js',
      {
        ...sidecar,
        'node-id': 'cart-1',
        service: 'cart',
        'app-port': v1.port,
        'outbound-port': besideOutbound,
        'inbound-address': '127.0.0.1',
        'inbound-port': besideInbound,
        'admin-port': besideAdmin,
      },
      () => answersOk(besideAdmin, '/ready'),
    ),
  ]);

  const version = async (): Promise<unknown> =>
    (await call(outbound, '/', { host: 'cart' })).headers['x-version'];
  await until('the first version answers', async () => (await version()) === 'v1');
  assert.ok((await v1.requestCount()) > 0);
  await rest.apply(route('cart', [{ version: 'v2', weight: 1 }]));
  await until('the second version answers', async () => (await version()) === 'v2');

  // The command, by the script that people call: it finds the compiled output by itself.
  assert.ok(!existsSync(path.join(folder, 'cli/src')));
  const status = execFileSync(
    'sh',
    [path.join(folder, 'cli/bin/heddle'), 'status', '--server', `http://127.0.0.1:${restPort}`],
    { encoding: 'utf8' },
  );
  assert.match(status, /client/);
  // A plane as a child of the command needs the same condition.
  const help = execFileSync(
    process.execPath,
    ['--conditions=compiled', path.join(folder, 'cli/dist/main.js'), 'sidecar', '--help'],
    { encoding: 'utf8' },
  );
  assert.match(help, /Usage: heddle sidecar/);
});
