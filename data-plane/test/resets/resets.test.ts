import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import type { Json } from '../statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from '../statistics/envoy-process.ts';
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
    const [port = 0, closedPort = 0] = await findFreePorts(2);
    const log = join(folder, name);
    const admin = await start(t, buildResources(port, servers.port, closedPort, log), port);
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

async function startTheirs(t: TestContext, resources: Json, port: number): Promise<number> {
  const program = await runEnvoyWithAdmin(envoy.path, { static_resources: resources });
  t.after(() => program.stop());
  await program.until(() => isAccepting(port));
  return program.adminPort;
}
