import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { systemClock } from '@heddle/shared/time/clock';
import { socketAddress, type Json } from '../statistics/bootstrap-parts.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';
import { resetCases } from './cases.ts';
import { withDifferences } from './known-differences.ts';
import { buildResources, startServers, Subject, type Outcome } from './subject.ts';

const envoy = usePeer('envoy');

test('streams that break are counted and flagged as by a real Envoy', { skip: envoy.skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'resets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const run = async (name: string, start: typeof startTheirs): Promise<Record<string, Outcome>> => {
    const servers = await startServers();
    t.after(() => servers.close());
    const [port = 0, closedPort = 0, adminPort = 0] = await findFreePorts(3);
    const log = join(folder, name);
    const admin = await start(t, buildResources(port, servers.port, closedPort, log), port, adminPort);
    const subject = new Subject(port, admin, log, servers);
    const moved: Outcome['moved'][] = [];
    for (const [number, one] of resetCases.entries()) moved.push(await subject.run(one, number));
    const outcomes: Record<string, Outcome> = {};
    for (const [number, one] of resetCases.entries()) {
      outcomes[one.name] = { line: await subject.lineOf(one, number), moved: moved[number] ?? {} };
    }
    return outcomes;
  };
  const [own, expected] = await Promise.all([run('own', startOwn), run('envoy', startTheirs)]);
  assert.deepEqual(own, withDifferences(expected));
});

async function startOwn(t: TestContext, resources: Json): Promise<number> {
  const sidecar = await startSidecarProcess(
    { static_resources: resources },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  await sidecar.portOf('in');
  return sidecar.adminPort;
}

async function startTheirs(
  t: TestContext,
  resources: Json,
  port: number,
  adminPort: number,
): Promise<number> {
  const bootstrap = { admin: { address: socketAddress(adminPort) }, static_resources: resources };
  const process = spawn(
    envoy.path,
    [
      ...['--config-yaml', JSON.stringify(bootstrap), '--concurrency', '1', '-l', 'error'],
      ...['--use-dynamic-base-id', '--file-flush-interval-msec', '5'],
    ],
    { stdio: 'inherit' },
  );
  t.after(async () => {
    process.kill('SIGKILL');
    await once(process, 'close');
  });
  await waitUntil('Envoy accepts', () => isAccepting(port), { clock: systemClock, deadlineMs: 20_000 });
  return adminPort;
}
