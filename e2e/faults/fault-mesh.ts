import assert from 'node:assert/strict';
import { until, type Harness } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, route, service } from '../harness/objects.ts';
import {
  startAnsweringPorts,
  startControlPlane,
  startSidecar,
  untilReachable,
  type ControlPlane,
  type Proxy,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { startSocketLoad, type SocketLoad } from '../load/socket-load.ts';
import { startBackgroundWrites } from './background-writes.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import type { FaultRow } from './fault-table.ts';

/** A mesh whose service `cart` is under load all the time, with a place for faults between its halves. */
export interface FaultMesh {
  readonly harness: Harness;
  readonly controlPlanes: readonly ControlPlane[];
  /** One for each control plane, or two for the only one; each reaches it through `networks` at the same place. */
  readonly sidecars: readonly Proxy[];
  readonly networks: readonly FaultProxy[];
  /** Waits until a change that is made now serves in every sidecar. */
  untilChangesArrive(): Promise<void>;
  /**
   * Runs the scenario under load and background writes, then waits until changes arrive again. The scenario returns
   * its own requests and those of them that had to fail; of the load's none may. Asserts that nothing was lost.
   */
  during(scenario: string, act: () => Promise<OwnRequests | undefined>): Promise<FaultRow>;
}

/** Requests that a scenario makes itself, beside the load. */
export interface OwnRequests {
  readonly requests: number;
  readonly failed: number;
  readonly hadToFail: number;
}

/** After a fault: back-off of clients that reconnect included. */
const arrivalDeadlineMs = 60_000;

export interface FaultMeshOptions {
  /** One control plane for each: its Redis, or undefined for a file of its own. */
  readonly registries?: readonly (string | undefined)[];
  /** Faults can be injected into every plane. */
  readonly isInjectable?: boolean;
}

export async function startFaultMesh(
  harness: Harness,
  { registries = [undefined], isInjectable = false }: FaultMeshOptions = {},
): Promise<FaultMesh> {
  const [controlPlanes, [v1 = 0, v2 = 0]] = await Promise.all([
    Promise.all(
      registries.map((redisUrl, index) =>
        startControlPlane(harness, {
          name: `control-plane-${index + 1}`,
          isInjectable,
          ...(redisUrl === undefined ? {} : { redisUrl }),
        }),
      ),
    ),
    startAnsweringPorts(harness, 2),
  ]);
  const ports = { v1, v2 };
  const first = controlPlanes[0] ?? assert.fail('a mesh needs a control plane');
  await first.rest.apply(
    service('cart'),
    service('written'),
    instance('cart', 'cart-1', v1, { version: 'v1' }),
    instance('cart', 'cart-2', v2, { version: 'v2' }),
    route('cart', [{ version: 'v1', weight: 1 }]),
  );
  const places = controlPlanes.length === 1 ? [first, first] : controlPlanes;
  const networks = await Promise.all(places.map(({ xdsPort }) => startFaultProxy(xdsPort)));
  harness.onEnd(() => Promise.all(networks.map((network) => network.close())));
  const sidecars = await Promise.all(
    networks.map((network, index) =>
      startSidecar(harness, {
        id: `client-${index + 1}`,
        controlPlane: { xdsPort: network.port },
        isDelta: index % 2 === 0,
        listenAddress: `127.0.0.${index + 2}`,
        isInjectable,
      }),
    ),
  );
  for (const sidecar of sidecars) {
    await untilReachable(sidecar, 'cart');
    await untilBothWorkersAnswered(sidecar, 'cart');
  }
  const load = startSocketLoad({
    targets: sidecars.map((sidecar) => ({
      name: `${sidecar.id} → cart`,
      address: sidecar.listenAddress,
      port: sidecar.outboundPort,
      host: 'cart',
      connections: 5,
    })),
    requestsPerSecond: 200,
  });
  harness.onEnd(() => load.stop());

  let version: 'v1' | 'v2' = 'v1';
  async function untilChangesArrive(): Promise<void> {
    version = version === 'v1' ? 'v2' : 'v1';
    const wanted = String(ports[version]);
    for (const { rest } of controlPlanes) {
      await until(
        'writes are taken',
        async () => {
          await rest.apply(route('cart', [{ version, weight: 1 }]));
          return true;
        },
        arrivalDeadlineMs,
      );
    }
    await Promise.all(
      sidecars.map((sidecar) =>
        until(`${sidecar.id} sends to ${version}`, () => answersOnly(sidecar, wanted), arrivalDeadlineMs),
      ),
    );
  }

  async function during(scenario: string, act: () => Promise<OwnRequests | undefined>): Promise<FaultRow> {
    const before = load.report();
    const writes = startBackgroundWrites({
      restPort: (write) => (controlPlanes[write % controlPlanes.length] ?? first).rest.port,
      service: 'written',
    });
    harness.onEnd(() => writes.stop());
    await nextRequests(load, 40);
    const own = (await act()) ?? { requests: 0, failed: 0, hadToFail: 0 };
    await untilChangesArrive();
    await nextRequests(load, 40);
    await writes.stop();
    const lost = await lostWrites(controlPlanes, writes.ledger.lost.bind(writes.ledger));
    const after = load.report();
    const row: FaultRow = {
      scenario,
      requests: after.requests - before.requests + own.requests,
      failed: after.failed - before.failed + own.failed,
      hadToFail: own.hadToFail,
      connectionsClosed: after.socketsClosed - before.socketsClosed,
      writesAcknowledged: writes.ledger.acknowledgedCount,
      writesLost: lost.length,
    };
    const events = after.events.slice(before.events.length).join('\n');
    assert.deepEqual(lost, [], `${scenario}: acknowledged writes are lost`);
    assert.equal(row.failed, row.hadToFail, `${scenario}: requests failed\n${events}`);
    assert.equal(row.connectionsClosed, 0, `${scenario}: connections were closed\n${events}`);
    assert.ok(row.writesAcknowledged > 0, `${scenario}: no write was acknowledged`);
    return row;
  }
  return { harness, controlPlanes, sidecars, networks, untilChangesArrive, during };
}

async function nextRequests(load: SocketLoad, count: number): Promise<void> {
  const { requests } = load.report();
  await until(`${count} further requests`, () => load.report().requests >= requests + count, 60_000);
}

/** Ten connections in a row, whichever workers took them. */
async function answersOnly(sidecar: Proxy, port: string): Promise<boolean> {
  for (let index = 0; index < 10; index++) {
    const { headers } = await call(sidecar.outboundPort, '/', {
      host: 'cart',
      address: sidecar.listenAddress,
    });
    if (headers['x-port'] !== port) return false;
  }
  return true;
}

/** What no control plane may have lost. One may be a moment behind another. */
export async function lostWrites(
  controlPlanes: readonly ControlPlane[],
  lostOf: (actual: ReadonlyMap<string, string>) => string[],
): Promise<string[]> {
  let lost: string[] = [];
  try {
    await until(
      'every control plane shows what was acknowledged',
      async () => {
        lost = [];
        for (const { rest } of controlPlanes) lost.push(...lostOf(await readWritten(rest)));
        return lost.length === 0;
      },
      5000,
    );
  } catch {
    // What is still missing is the answer.
  }
  return lost;
}

async function readWritten(rest: ControlPlane['rest']): Promise<ReadonlyMap<string, string>> {
  const { items } = (await rest.get('/v1/services/written/instances')) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly metadata?: { readonly write: string } };
    }[];
  };
  return new Map(items.map(({ metadata, spec }) => [metadata.name, spec.metadata?.write ?? '']));
}
