import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { Instance } from '@heddle/shared/model/instance';
import { usePeer } from '@heddle/shared/testing/peers';
import { createRedisServer, type RedisServer } from '@heddle/shared/testing/redis-server';
import { startFaultMesh, type FaultMesh } from '../faults/fault-mesh.ts';
import { startFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { formatFaultTable, type FaultRow } from '../faults/fault-table.ts';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { instance } from '../harness/objects.ts';

const program = usePeer('redis-server');

/** A build has no minutes for each fault; `HEDDLE_FAULT_SECONDS=120` has. */
const faultMs = Number(process.env['HEDDLE_FAULT_SECONDS'] ?? '1') * 1000;

let harness: Harness;
let redis: RedisServer;
/** Between each control plane and Redis. */
let networks: readonly FaultProxy[];
let mesh: FaultMesh;
const rows: FaultRow[] = [];
before(async () => {
  if (program.skip !== false) return;
  harness = createHarness('redis-faults');
  redis = await createRedisServer(program.path);
  harness.onEnd(() => redis.remove());
  await redis.start();
  networks = await Promise.all([startFaultProxy(redis.port), startFaultProxy(redis.port)]);
  harness.onEnd(() => Promise.all(networks.map((network) => network.close())));
  mesh = await startFaultMesh(harness, {
    registries: networks.map(({ port }) => `redis://127.0.0.1:${port}`),
  });
});
after(async () => {
  if (program.skip !== false) return;
  await harness[Symbol.asyncDispose]();
  console.log(formatFaultTable(rows));
});

function scenario(name: string, act: () => Promise<undefined>): void {
  test(name, { skip: program.skip, timeout: 120_000 + faultMs }, async () => {
    rows.push(await mesh.during(name, act));
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads serve the last known state while writes are refused. */
async function assertReadsServe(): Promise<void> {
  for (const { rest } of mesh.controlPlanes)
    assert.equal((await rest.send('GET', '/v1/services/cart')).status, 200);
}

async function untilWritesAreRefused(): Promise<void> {
  const { rest } = mesh.controlPlanes[0]!;
  await until('writes are refused', async () => {
    const { status } = await rest.send('PUT', '/v1/services/refused', {});
    return status === 503;
  });
}

/** One of the control planes gave Redis back what it had lost, and says so. */
async function untilRefilled(count: number): Promise<void> {
  await until(
    'Redis has its data again',
    async () => {
      let sum = 0;
      for (const { rest } of mesh.controlPlanes) {
        const { registry } = (await rest.get('/v1/status')) as {
          readonly registry: { readonly lastRefill?: { readonly count: number } };
        };
        sum += registry.lastRefill?.count ?? 0;
      }
      return sum === count;
    },
    30_000,
  );
}

scenario('Redis killed and started again', async () => {
  await redis.kill();
  await untilWritesAreRefused();
  await assertReadsServe();
  await pause(faultMs);
  await redis.start();
});

scenario('Redis stopped (SIGSTOP) and continued', async () => {
  redis.freeze();
  await pause(faultMs);
  await assertReadsServe();
  redis.thaw();
});

scenario('Redis slow', async () => {
  for (const network of networks) network.set({ kind: 'delay', delayMs: 100 });
  await pause(faultMs);
  await mesh.untilChangesArrive();
  for (const network of networks) network.set({ kind: 'none' });
});

scenario('Redis emptied', async () => {
  await sendToRedis('FLUSHALL');
  await untilRefilled(1);
});

scenario('Redis started again without its data', async () => {
  await redis.lose();
  await untilWritesAreRefused();
  await assertReadsServe();
  await redis.start();
  await untilRefilled(2);
});

scenario('two control planes write the same object at the same time', async () => {
  const raced = instance('written', 'raced', 1);
  const target = '/v1/services/written/instances/raced';
  await mesh.controlPlanes[0]!.rest.apply(raced);
  for (let round = 0; round < 20; round++) {
    const { revision } = (await mesh.controlPlanes[round % 2]!.rest.get(target)) as {
      readonly revision: number;
    };
    const answers = await Promise.all(
      mesh.controlPlanes.map(({ rest }, writer) => {
        const spec = { ...raced.spec, metadata: { writer: `${writer} in round ${round}` } };
        return rest.send('PUT', target, { ...raced, spec, revision });
      }),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412], `round ${round}`);
  }
  await mesh.controlPlanes[0]!.rest.delete(target);
});

scenario('no heartbeat of a whole service arrives', async () => {
  const { rest } = mesh.controlPlanes[0]!;
  const { items } = (await rest.get('/v1/services/cart/instances')) as {
    readonly items: readonly Instance[];
  };
  const kept = items.map(({ kind, metadata, spec }) => ({ kind, metadata, spec }));
  await rest.apply(
    ...kept.map(({ spec, ...rest }) => ({ ...rest, spec: { ...spec, lease: { ttlSeconds: 1 } } })),
  );
  for (const { rest } of mesh.controlPlanes) {
    await until('both control planes hold the instances', async () => {
      const { held } = (await rest.get('/v1/status')) as {
        readonly held: readonly { readonly service: string; readonly instances: readonly string[] }[];
      };
      return held.some(({ service, instances }) => service === 'cart' && instances.length === 2);
    });
  }
  await mesh.untilChangesArrive();
  await rest.apply(...kept);
});

scenario('network to Redis dropped', async () => {
  for (const network of networks) network.set({ kind: 'drop' });
  await pause(faultMs);
  await assertReadsServe();
  for (const network of networks) network.set({ kind: 'none' });
});

scenario('network between one control plane and Redis reset', async () => {
  networks[0]!.set({ kind: 'reset' });
  await pause(faultMs);
  await assertReadsServe();
  networks[0]!.set({ kind: 'none' });
});

scenario('one of two control planes killed and started again', async () => {
  await mesh.controlPlanes[1]!.kill();
  await pause(faultMs);
  await mesh.controlPlanes[1]!.restart();
});

/** One command; resolves with its answer. */
function sendToRedis(command: string): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: redis.port }, () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      if (answer.toString().startsWith('+OK')) resolve(undefined);
      else reject(new Error(answer.toString()));
    });
  });
}
