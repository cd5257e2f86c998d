import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const program = join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'heddle-sidecar-'));
after(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the sidecar to its end; `onError` sees what it writes to stderr so far. */
function run(argv: readonly string[], onError?: (text: string, kill: () => void) => void): Promise<Run> {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    // Once: a second signal that meets the end of the process ends it as signals do.
    onError?.(errors, () => child.killed || child.kill('SIGTERM'));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output, errors })));
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function bootstrap(adminPort: number, listenerPort: number): string {
  return `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort} } } }
static_resources:
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: ${listenerPort} } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: l
          route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, direct_response: { status: 200 } } ] } ] }
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
`;
}

async function withTakenPort(action: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await action((server.address() as AddressInfo).port);
  await new Promise((resolve) => server.close(resolve));
}

test('a file that cannot be read, and a file with mistakes, say so in a line each', async () => {
  const missing = await run(['-c', join(folder, 'none.yaml')]);
  assert.deepEqual([missing.code, missing.errors.split('\n').length], [1, 2]);
  assert.match(missing.errors, /^heddle sidecar: cannot read .*none\.yaml/);
  const wrong = await run(['-c', write('wrong.yaml', 'node: { idd: a }\nadmn: {}\n')]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.errors, /wrong\.yaml:1:\d+: node\.idd: .*did you mean "id"/);
  assert.match(wrong.errors, /wrong\.yaml:2:1: admn: .*did you mean "admin"/);
});

test('--mode validate checks and ends', async () => {
  const { code, output } = await run(['-c', write('good.yaml', bootstrap(0, 0)), '--mode', 'validate']);
  assert.deepEqual([code, output], [0, 'configuration OK\n']);
});

test('a taken port of a listener, or of the admin interface, ends the start with the address', async () => {
  await withTakenPort(async (port) => {
    const listener = await run(['-c', write('listener.yaml', bootstrap(0, port)), '-l', 'off']);
    assert.equal(listener.code, 1);
    assert.match(
      listener.errors,
      new RegExp(`^heddle sidecar: listener 'l': 127.0.0.1:${port} is in use by another process`),
    );
    const admin = await run(['-c', write('admin.yaml', bootstrap(port, 0)), '-l', 'off']);
    assert.equal(admin.code, 1);
    assert.match(admin.errors, new RegExp(`^heddle sidecar: admin address 127.0.0.1:${port} is in use`));
  });
});

test('an access log that cannot be written ends the start with its path', async () => {
  const log = `access_log: [ { name: f, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /proc/nope/x.log } } ]`;
  const text = bootstrap(0, 0).replace('stat_prefix: l', `stat_prefix: l\n          ${log}`);
  const { code, errors } = await run(['-c', write('log.yaml', text), '-l', 'off']);
  assert.equal(code, 1);
  assert.match(
    errors,
    /^heddle sidecar: listener 'l': access_log: cannot be written: .*\/proc\/nope\/x\.log'\. Check the path/,
  );
});

test('SIGTERM ends a sidecar that is ready, with 0', async () => {
  const file = write('serve.yaml', bootstrap(0, 0));
  const { code, errors } = await run(['-c', file, '--concurrency', '2'], (text, kill) => {
    if (text.includes('"msg":"ready"')) kill();
  });
  assert.equal(code, 0, errors);
});
