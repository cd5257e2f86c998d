import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';

const program = join(import.meta.dirname, '../../node_modules/.bin/envoy');
const folder = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
after(() => rmSync(folder, { recursive: true }));

const until = (what: string, look: () => boolean): Promise<boolean> =>
  waitUntil(what, look, { clock: systemClock, deadlineMs: 20_000 });

interface Run {
  readonly child: ChildProcess;
  output(): string;
  errors(): string;
  readonly ended: Promise<number | null>;
}

function start(argv: readonly string[], command = program): Run {
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, output: () => output, errors: () => errors, ended };
}

async function run(...argv: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const started = start(argv);
  const code = await started.ended;
  return { code, output: started.output(), errors: started.errors() };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const admin = 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }';
const cluster = (name: string): string =>
  `static_resources: { clusters: [ { name: ${name}, connect_timeout: 1s } ] }`;
const line = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[(\w+)\]\[main\] \[\S*:\d+\] (.*)$/;

test('it serves until SIGTERM, logs as Envoy does, and says where the admin interface is', async () => {
  const addressFile = join(folder, 'admin-address');
  const idFile = join(folder, 'base-id');
  const started = start([
    ...['-c', write('serve.yaml', admin), '--admin-address-path', addressFile, '--base-id', '7'],
    ...['--base-id-path', idFile, '--concurrency', '1', '--stats-tag', 'a:b'],
  ]);
  await until('the log says ready', () => started.errors().includes(' ready '));
  const address = readFileSync(addressFile, 'utf8');
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  assert.equal(readFileSync(idFile, 'utf8'), '7');
  assert.equal(await (await fetch(`http://${address}/ready`)).text(), 'LIVE\n');
  const info = (await (await fetch(`http://${address}/server_info`)).json()) as Record<string, unknown>;
  assert.equal(String(info['version']).split('/').length, 5);
  started.child.kill('SIGHUP');
  started.child.kill('SIGTERM');
  assert.equal(await started.ended, 0);
  const lines = started.errors().trim().split('\n');
  for (const text of lines) assert.match(text, line);
  const [, , first] = line.exec(lines[0] ?? '') ?? [];
  assert.match(first ?? '', /^flags that do nothing here flags="--stats-tag \(/);
  assert.match(lines.at(-1) ?? '', /exiting$/);
});

test('SIGTERM ends it with 0 while it waits for its first configuration', async () => {
  // Nobody answers there: the process stays in its initialisation.
  const xds = `type: STATIC, load_assignment: { cluster_name: xds, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 1 } } } } ] } ] }`;
  const ads =
    'ads_config: { api_type: GRPC, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: xds } } ] }';
  const file = write(
    'waits.yaml',
    `${admin}\nnode: { id: a, cluster: b }\ndynamic_resources: { ${ads}, lds_config: { ads: {}, initial_fetch_timeout: 0s } }\n${cluster('xds').replace('connect_timeout: 1s', xds)}`,
  );
  const addressFile = join(folder, 'waiting-address');
  const started = start(['-c', file, '--admin-address-path', addressFile]);
  await until('the admin interface listens', () => existsSync(addressFile));
  started.child.kill('SIGTERM');
  assert.equal(await started.ended, 0, started.errors());
  assert.doesNotMatch(started.errors(), / ready /);
});

test('SIGUSR1 opens the log of the process anew', async () => {
  const log = join(folder, 'process.log');
  const started = start(['-c', write('rotate.yaml', admin), '--log-path', log, '--log-format', '%l %v']);
  await until(
    'the log says ready',
    () => existsSync(log) && readFileSync(log, 'utf8').includes('info ready'),
  );
  renameSync(log, `${log}.1`);
  started.child.kill('SIGUSR1');
  await until('there is a new file', () => existsSync(log));
  started.child.kill('SIGINT');
  assert.equal(await started.ended, 0);
  assert.equal(readFileSync(log, 'utf8'), 'info exiting\n');
  assert.equal(started.errors(), '');
});

test('--mode validate says OK, or all problems, each at its place', async () => {
  const file = write('good.yaml', cluster('a'));
  const good = await run('--mode', 'validate', '-c', file);
  assert.deepEqual([good.code, good.output], [0, `configuration '${file}' OK\n`]);
  const wrong = write('wrong.yaml', 'node: { idd: a }\nadmn: {}\n');
  const bad = await run('--mode', 'validate', '-c', wrong, '--config-yaml', '{nod: 1}');
  assert.deepEqual([bad.code, bad.output], [1, '']);
  const messages = bad.errors
    .trim()
    .split('\n')
    .map((text) => line.exec(text)?.[2] ?? text);
  assert.equal(messages.length, 3, bad.errors);
  assert.match(messages[0] ?? '', /wrong\.yaml:1:14: node\.idd: .*did you mean "id"/);
  assert.match(messages[1] ?? '', /wrong\.yaml:2:1: admn: .*did you mean "admin"/);
  assert.match(messages[2] ?? '', /--config-yaml:1:7: nod: .*did you mean "node"/);
  const quiet = await run('-c', wrong, '-l', 'off');
  assert.equal(quiet.code, 1);
  assert.match(quiet.errors, /^error initializing configuration '.*wrong\.yaml': .*wrong\.yaml:1:14/);
});

test('unknown fields of a file can be allowed', async () => {
  const file = write('unknown.yaml', `no_such: {}\n${cluster('a')}`);
  const { code, errors } = await run('--mode', 'validate', '-c', file, '--allow-unknown-static-fields');
  assert.equal(code, 0);
  assert.match(errors, /\[warning\].*unknown\.yaml:1:1 problem="is ignored: no_such: no such field/);
});

test('init_only starts what is static, and ends', async () => {
  const { code, errors } = await run(
    '--mode',
    'init_only',
    '-c',
    write('init.yaml', `${admin}\n${cluster('a')}`),
  );
  assert.equal(code, 0, errors);
});

test('a file that cannot be read, and no file at all, end with 1', async () => {
  const missing = await run('-c', join(folder, 'none.yaml'));
  assert.equal(missing.code, 1);
  assert.match(missing.errors, /error initializing configuration '.*none\.yaml': cannot read/);
  const none = await run('--mode', 'validate');
  assert.equal(none.code, 1);
  assert.match(none.errors, /at least one of --config-path or --config-yaml must be given/);
});

test('it works through symbolic links, as npm makes them', async () => {
  const link = join(folder, 'envoy');
  symlinkSync(program, link);
  const started = start(['--version'], link);
  assert.equal(await started.ended, 0);
  assert.match(started.output(), /^envoy {2}version: \S+\n$/);
});
