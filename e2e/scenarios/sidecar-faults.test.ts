import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startFaultMesh, type FaultMesh, type OwnRequests } from '../faults/fault-mesh.ts';
import { formatFaultTable, type FaultRow } from '../faults/fault-table.ts';
import { startVictimLoad } from '../faults/victim.ts';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, route, service } from '../harness/objects.ts';
import { startAnsweringPorts, startSidecar, untilReachable, type Proxy } from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';

/** A build has no minutes for each fault; `HEDDLE_FAULT_SECONDS=120` has. */
const faultMs = Number(process.env['HEDDLE_FAULT_SECONDS'] ?? '1') * 1000;

let harness: Harness;
let mesh: FaultMesh;
/** Beside a program of its own, the service `guarded`. */
let inbound: Proxy;
/** Sends to `guarded`. */
let outbound: Proxy;
const rows: FaultRow[] = [];
before(async () => {
  harness = createHarness('sidecar-faults');
  mesh = await startFaultMesh(harness);
  const [appPort = 0] = await startAnsweringPorts(harness, 1);
  const [controlPlane] = mesh.controlPlanes;
  assert.ok(controlPlane !== undefined);
  await controlPlane.rest.apply(service('guarded'), route('guarded'));
  const common = { controlPlane };
  inbound = await startSidecar(harness, { ...common, id: 'inbound', service: 'guarded', appPort });
  await controlPlane.rest.apply(instance('guarded', 'guarded-1', inbound.inboundPort));
  outbound = await startSidecar(harness, { ...common, id: 'outbound', isDelta: false, isInjectable: true });
  await untilReachable(outbound, 'guarded');
});
after(async () => {
  await harness[Symbol.asyncDispose]();
  console.log(formatFaultTable(rows));
});

function scenario(name: string, act: () => Promise<OwnRequests>): void {
  test(name, { timeout: 120_000 + faultMs }, async () => {
    rows.push(await mesh.during(name, act));
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that nobody listens to, or that was under way when the process vanished. */
const gone = /^(ECONNREFUSED|ECONNRESET|socket hang up)$/;
/** What a client's sidecar answers while the one beside the service is gone. */
const unreachable = /^503 upstream connect error/;

/** Load through `outbound` while the fault is there, and after it: then nothing may fail any more. */
async function harm(excused: RegExp | undefined, fault: () => Promise<void>): Promise<OwnRequests> {
  const load = startVictimLoad(harness, { port: outbound.outboundPort, service: 'guarded' });
  await load.next(20);
  assert.equal(load.account().failed, 0);
  await fault();
  await untilReachable(outbound, 'guarded');
  await untilBothWorkersAnswered(outbound, 'guarded');
  await load.next(8);
  const during = load.account(excused);
  await load.next(100);
  await load.stop();
  const afterwards = load.account();
  return { ...during, requests: during.requests + afterwards.requests };
}

/** Each is harmed in turn; what had to fail meanwhile depends on which. */
const victims = [
  { name: 'the client’s sidecar', victim: () => outbound, failures: gone },
  { name: 'the service’s sidecar', victim: () => inbound, failures: unreachable },
];
for (const { name, victim, failures } of victims) {
  scenario(`${name} killed and started again`, () =>
    harm(failures, async () => {
      victim().process.kill('SIGKILL');
      await victim().process.exited;
      await victim().restart();
    }),
  );

  scenario(`${name} stopped (SIGSTOP) and continued`, () =>
    harm(undefined, async () => {
      victim().process.kill('SIGSTOP');
      await pause(faultMs);
      victim().process.kill('SIGCONT');
    }),
  );

  scenario(`${name} ended (SIGTERM) and started again`, () =>
    // Whatever was under way has its answer: only new connections find nobody.
    harm(failures === gone ? /^ECONNREFUSED$/ : failures, async () => {
      victim().process.kill('SIGTERM');
      assert.deepEqual(await victim().process.exited, { code: 0, signal: null });
      await victim().restart();
    }),
  );
}

/** Of a worker that vanishes with its connections; the other one listens all the time. */
const cut = /^(ECONNRESET|socket hang up)$/;

const deaths = [
  { kind: 'worker-throws', worker: 0 },
  { kind: 'worker-exits', worker: 1, code: 0 },
] as const;
for (const death of deaths) {
  scenario(`a worker thread dies (${death.kind})`, () =>
    harm(cut, async () => {
      await setHealth('fail');
      const [countBefore, before] = [await deathCount(), await connectionCount(death.worker)];
      outbound.inject(death);
      await until('the death is counted', async () => (await deathCount()) > countBefore);
      await until('its successor serves', async () => {
        await call(outbound.outboundPort, '/', { host: 'guarded' });
        return (await connectionCount(death.worker)) > before;
      });
      // What the others were told, it was told too: whoever takes these connections ends them.
      for (let index = 0; index < 12; index++) {
        const { headers } = await call(outbound.outboundPort, '/', {
          host: 'guarded',
          headers: { connection: 'keep-alive' },
        });
        assert.equal(headers.connection, 'close');
      }
      await setHealth('ok');
    }),
  );
}

async function setHealth(health: 'fail' | 'ok'): Promise<void> {
  await call(outbound.admin.port, `/healthcheck/${health}`, { method: 'POST' });
}

async function connectionCount(worker: number): Promise<number> {
  return (await outbound.admin.connectionsByWorker(outbound.outboundPort)).get(worker) ?? 0;
}

async function deathCount(): Promise<number> {
  return outbound.admin.stat('server.worker_deaths');
}

scenario('worker threads die three times in a minute', () =>
  harm(gone, async () => {
    const { process } = outbound;
    // Two died before; where faults last long, a minute or more ago.
    for (let death = 0; death < 3 && process.exit === undefined; death++) {
      const before = await deathCount();
      outbound.inject({ kind: 'worker-throws', worker: 0 });
      await until(
        'the worker or the process is gone',
        async () => process.exit !== undefined || (await deathCount()) > before,
      );
    }
    assert.deepEqual(await process.exited, { code: 1, signal: null });
    const log = readFileSync(process.logFile, 'utf8');
    for (const line of ['thrown on purpose', 'worker died and is started again', 'workers die too often'])
      assert.ok(log.includes(line), `the log says: ${line}`);
    await outbound.restart();
  }),
);
