import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const program = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-main-'));
after(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program; `whileRunning` is called with each piece of its log. */
async function run(
  argv: readonly string[],
  whileRunning?: (log: string, end: () => void) => void,
): Promise<Run> {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    whileRunning?.(stderr, () => child.kill('SIGTERM'));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const anyPorts = ['--rest-port', '0', '--xds-port', '0'];

/** The last line of what it said, which is for people; log lines before it are JSON. */
function lastLine({ stderr }: Run): string {
  return stderr.trimEnd().split('\n').at(-1) ?? '';
}

test('it says when it is ready, and stops on SIGTERM with 0', async () => {
  let ready: Record<string, unknown> = {};
  const registry = path.join(folder, 'ready.db');
  const { code, stdout } = await run([...anyPorts, '--registry', registry], (log, end) => {
    const line = log
      .split('\n')
      .find((candidate) => candidate.includes('"msg":"ready"') && candidate.endsWith('}'));
    if (line === undefined || 'msg' in ready) return;
    ready = JSON.parse(line) as Record<string, unknown>;
    end();
  });
  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.equal(typeof ready['restPort'], 'number');
  assert.equal(typeof ready['xdsPort'], 'number');
});

test('a taken port is one line that says what to do, and exit code 1', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  context.after(() => taken.close());
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const registry = ['--registry', path.join(folder, 'taken.db'), '--log-level', 'silent'];
  for (const ports of [
    ['--rest-port', '0', '--xds-port', port],
    ['--rest-port', port, '--xds-port', '0'],
  ]) {
    const result = await run([...ports, ...registry]);
    assert.equal(result.code, 1);
    assert.match(
      result.stderr,
      /^heddle control-plane: (xDS|REST) cannot listen on .*choose another port\.\n$/,
    );
    assert.ok(result.stderr.includes(port));
  }
});

test('an unusable file and an unreachable Redis are one line each', async () => {
  const file = await run([...anyPorts, '--registry', '/nowhere/mesh.db']);
  assert.equal(file.code, 1);
  assert.match(lastLine(file), /^heddle control-plane: .*\/nowhere\/mesh\.db.*Check the path/);
  const unreachable = [
    '--registry',
    'redis://127.0.0.1:1',
    '--registry-timeout-ms',
    '100',
    '--log-level',
    'silent',
  ];
  const redis = await run([...anyPorts, ...unreachable]);
  assert.equal(redis.code, 1);
  assert.match(
    redis.stderr,
    /^heddle control-plane: the registry was not read within 0\.1 s: .*ECONNREFUSED.*\n$/,
  );
});

test('wrong settings end with 2, help and version with 0 on stdout', async () => {
  const wrong = await run(['--xds-port', 'x']);
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  const version = await run(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
