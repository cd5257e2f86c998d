import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Load } from '@heddle/shared/testing/load-generator';
import { usePeer } from '@heddle/shared/testing/peers';
import { createDice } from '../changes/dice.ts';
import { readRunSettings } from '../changes/run-settings.ts';
import { answersOk, createHarness, until, type Harness } from '../harness/harness.ts';
import { startService } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { buildGoProgram, type GoProgram } from './build-go-program.ts';
import { startManagementServer, type ManagementServer } from './go-control-plane/management-server.ts';
import { findDisagreements } from './random-snapshots/probe.ts';
import { firstWorld, nextWorld } from './random-snapshots/random-world.ts';
import { loadHost, toResources, type World } from './random-snapshots/world.ts';
import {
  startEnvoyOfFile,
  startSidecarOfFile,
  type SidecarOfFile,
  type Variant,
} from './sidecar-of-a-file.ts';

/**
 * Snapshots that change clusters, endpoints, routes and listeners together, `HEDDLE_CHANGES` of them, from
 * go-control-plane to our sidecar and to a real Envoy, each with a server of its own that has the same snapshots. Once settled,
 * both answer every probe as the snapshot says; on the way the sidecar fails none of the requests of a constant load.
 */
const { changeCount, seed } = readRunSettings({ changeCount: 60, seed: 20_261, shrinkTrials: 0 });

const [go, envoy] = [usePeer('go'), usePeer('envoy')];
let program: GoProgram | undefined;
before(async () => {
  if (go.skip === false)
    program = await buildGoProgram(go.path, path.join(import.meta.dirname, 'go-control-plane'));
});
after(() => program?.[Symbol.dispose]());

interface Subject {
  readonly server: ManagementServer;
  readonly proxy: SidecarOfFile;
  readonly load: Load;
}

const versions = ['v1', 'v2', 'v3', 'v4'];

for (const { name, variant, isOrdered } of [
  { name: 'GRPC', variant: 'GRPC', isOrdered: false },
  { name: 'GRPC, ordered', variant: 'GRPC', isOrdered: true },
  { name: 'DELTA_GRPC', variant: 'DELTA_GRPC', isOrdered: false },
] as const) {
  test(
    `random snapshots of go-control-plane: ${name}`,
    { skip: go.skip === false ? envoy.skip : go.skip, timeout: 60_000 + changeCount * 3000 },
    async (t) => {
      await using harness = createHarness(`random-snapshots-${variant}${isOrdered ? '-ordered' : ''}`);
      const services = await Promise.all(versions.map((version) => startService(harness, { version })));
      const ports = services.map(({ port }) => port);
      let world = firstWorld();
      const start = (id: string): Promise<Subject> =>
        startSubject(harness, id, variant, isOrdered, world, ports);
      const subjects = { heddle: await start('heddle'), envoy: await start('envoy') };
      const dice = createDice(seed);
      for (let step = 1; step <= changeCount; step++) {
        world = nextWorld(world, step, versions.length, dice);
        await Promise.all(
          Object.values(subjects).map(({ server, proxy }) =>
            server.set(toResources(world, ports, proxy.outboundPort)),
          ),
        );
        for (const [id, { proxy }] of Object.entries(subjects)) {
          await untilSettled(`seed ${seed}, snapshot ${step}, ${id}`, proxy.outboundPort, world);
        }
      }
      const [ours, theirs] = await Promise.all([subjects.heddle.load.stop(), subjects.envoy.load.stop()]);
      for (const { server } of Object.values(subjects)) assert.deepEqual(await server.refusals(), []);
      t.diagnostic(
        `${changeCount} snapshots, seed ${seed}: ${ours.failed} of ${ours.requests} requests failed through Heddle, ` +
          `${theirs.failed} of ${theirs.requests} through Envoy ${JSON.stringify(theirs.byOutcome)}`,
      );
      assert.equal(ours.failed, 0, ours.failures.join('\n'));
    },
  );
}

async function startSubject(
  harness: Harness,
  id: string,
  variant: Variant,
  isOrdered: boolean,
  world: World,
  ports: readonly number[],
): Promise<Subject> {
  assert.ok(program);
  const server = await startManagementServer(harness, program, { name: `server-of-${id}`, isOrdered });
  await server.set([]);
  const options = { id, xdsPort: server.xdsPort, variant };
  const proxy = await (id === 'envoy'
    ? startEnvoyOfFile(harness, envoy.path, options)
    : startSidecarOfFile(harness, options));
  await server.set(toResources(world, ports, proxy.outboundPort));
  await until(`${id} serves`, () => answersOk(proxy.outboundPort, '/', loadHost));
  const load = loadThrough(harness, [proxy], loadHost, { connections: 16, requestsPerSecond: 400 });
  await untilBothWorkersAnswered(proxy, loadHost);
  return { server, proxy, load };
}

/** Until two looks in a row, at connections of their own, find nothing that the world does not have. */
async function untilSettled(what: string, port: number, world: World): Promise<void> {
  let last: readonly string[] = [];
  let rightLooks = 0;
  try {
    await until(what, async () => {
      last = await findDisagreements(port, world, versions);
      rightLooks = last.length === 0 ? rightLooks + 1 : 0;
      return rightLooks === 2;
    });
  } catch (error) {
    throw new Error(`${what} does not answer as its snapshot says:\n${last.join('\n')}`, { cause: error });
  }
}
