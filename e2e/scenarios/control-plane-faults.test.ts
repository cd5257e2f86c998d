import { after, before, test } from 'node:test';
import { startFaultMesh, type FaultMesh } from '../faults/fault-mesh.ts';
import type { Fault } from '../faults/fault-proxy.ts';
import { formatFaultTable, type FaultRow } from '../faults/fault-table.ts';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { startSidecar } from '../harness/parts.ts';

/** A build has no minutes for each fault; `HEDDLE_FAULT_SECONDS=120` has. */
const faultMs = Number(process.env['HEDDLE_FAULT_SECONDS'] ?? '1') * 1000;

let harness: Harness;
let mesh: FaultMesh;
const rows: FaultRow[] = [];
before(async () => {
  harness = createHarness('control-plane-faults');
  mesh = await startFaultMesh(harness);
});
after(async () => {
  await harness[Symbol.asyncDispose]();
  console.log(formatFaultTable(rows));
});

function scenario(name: string, act: () => Promise<undefined>): void {
  test(name, { timeout: 120_000 + faultMs }, async () => {
    rows.push(await mesh.during(name, act));
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

scenario('control plane killed and started again', async () => {
  await mesh.controlPlanes[0]!.kill();
  await mesh.controlPlanes[0]!.restart();
});

scenario('control plane stopped (SIGSTOP) and continued', async () => {
  mesh.controlPlanes[0]!.signal('SIGSTOP');
  await pause(faultMs);
  mesh.controlPlanes[0]!.signal('SIGCONT');
});

scenario('control plane away', async () => {
  await mesh.controlPlanes[0]!.kill();
  await pause(faultMs);
  await mesh.controlPlanes[0]!.restart();
});

const networkFaults: readonly (readonly [string, Fault])[] = [
  ['delayed', { kind: 'delay', delayMs: 200 }],
  ['stalled', { kind: 'stall' }],
  ['dropped', { kind: 'drop' }],
  ['half-closed towards the sidecar', { kind: 'half-close', towards: 'client' }],
  ['half-closed towards the control plane', { kind: 'half-close', towards: 'server' }],
  ['reset', { kind: 'reset' }],
];
for (const [name, fault] of networkFaults) {
  scenario(`network to the control plane ${name}`, async () => {
    for (const network of mesh.networks) network.set(fault);
    // Something is under way while the fault lasts.
    await mesh.controlPlanes[0]!.rest.apply({ kind: 'Service', metadata: { name: 'unrelated' } });
    await pause(faultMs);
    if (fault.kind === 'delay') await mesh.untilChangesArrive();
    for (const network of mesh.networks) network.set({ kind: 'none' });
    await mesh.controlPlanes[0]!.rest.delete('/v1/services/unrelated');
  });
}

scenario('a refused update among good ones', async () => {
  const { rest } = mesh.controlPlanes[0]!;
  await mesh.untilChangesArrive();
  const refusing = await startSidecar(harness, {
    id: 'refusing',
    controlPlane: mesh.controlPlanes[0]!,
    service: 'cart',
    appPort: 9,
  });
  // On this one the listener would have the address of the inbound one.
  await rest.apply({
    kind: 'Service',
    metadata: { name: 'refused' },
    spec: { protocol: 'tcp', port: refusing.inboundPort },
  });
  await until('the sidecar refuses it', async () => {
    return (await refusing.admin.stat('listener_manager.lds.update_rejected')) > 0;
  });
  await mesh.untilChangesArrive();
  await rest.delete('/v1/services/refused');
  await refusing.process.stop(5000);
});
