import { connect } from 'node:net';
import { startBadUpstream, type Misbehaviour } from '../faults/bad-upstream.ts';
import type { Fault, FaultProxy } from '../faults/fault-proxy.ts';
import { call } from '../harness/http-call.ts';
import { instance, route, service } from '../harness/objects.ts';
import { untilReachable, type ControlPlane } from '../harness/parts.ts';
import type { SoakMesh } from './soak-mesh.ts';

/** Something goes wrong for a while; when it returns, the cause is gone again. */
export interface SoakFault {
  readonly kind: string;
  act(mesh: SoakMesh, tools: FaultTools): Promise<void>;
}

export interface FaultTools {
  readonly round: number;
  /** How long the fault lasts. */
  last(): Promise<void>;
  /** Ends the load through the doomed sidecar; starts it again. */
  stopDoomedLoad(): Promise<void>;
  startDoomedLoad(): void;
}

/** What can go wrong with this mesh. No request of the load has to fail by any of it. */
export function faultsOf(mesh: SoakMesh): readonly SoakFault[] {
  const alone = mesh.controlPlanes.length === 1;
  return [
    ...(alone ? [] : [controlPlaneKilled]),
    ...mesh.controlPlanes.map((_, index) => controlPlaneStopped(index)),
    ...(mesh.redis === undefined ? [] : redisFaults),
    ...xdsFaults,
    ...(['silent', 'resetting', 'garbage', 'cut-short'] as const).map(badUpstream),
    sidecarKilled,
    sidecarStopped,
    clientsVanish,
    serviceFlaps,
  ];
}

const controlPlaneKilled: SoakFault = {
  kind: 'control plane killed',
  async act({ controlPlanes }, { last }) {
    const victim = controlPlanes[1];
    await victim?.kill();
    await last();
    await victim?.restart();
  },
};

const controlPlaneStopped = (index: number): SoakFault => ({
  kind: `control plane ${index + 1} stopped`,
  async act({ controlPlanes }, { last }) {
    const victim = controlPlanes[index];
    victim?.signal('SIGSTOP');
    await last();
    victim?.signal('SIGCONT');
  },
});

const redisFaults: readonly SoakFault[] = [
  {
    kind: 'Redis killed',
    async act({ redis }, { last }) {
      await redis?.kill();
      await last();
      await redis?.start();
    },
  },
  {
    kind: 'Redis stopped',
    async act({ redis }, { last }) {
      redis?.freeze();
      await last();
      redis?.thaw();
    },
  },
  network('Redis slow', (mesh) => mesh.redisNetworks, { kind: 'delay', delayMs: 50 }),
  network('network to Redis dropped', (mesh) => mesh.redisNetworks, { kind: 'drop' }),
  network('network to Redis reset', (mesh) => mesh.redisNetworks.slice(0, 1), { kind: 'reset' }),
];

const xdsFaults: readonly SoakFault[] = (
  [
    ['delayed', { kind: 'delay', delayMs: 100 }],
    ['stalled', { kind: 'stall' }],
    ['dropped', { kind: 'drop' }],
    ['half-closed towards the sidecar', { kind: 'half-close', towards: 'client' }],
    ['half-closed towards the control plane', { kind: 'half-close', towards: 'server' }],
    ['reset', { kind: 'reset' }],
  ] as const
).map(([name, fault]) => network(`network to the control plane ${name}`, (mesh) => mesh.xdsNetworks, fault));

function network(kind: string, choose: (mesh: SoakMesh) => readonly FaultProxy[], fault: Fault): SoakFault {
  return {
    kind,
    async act(mesh, { last }) {
      const networks = choose(mesh);
      for (const proxy of networks) proxy.set(fault);
      await last();
      for (const proxy of networks) proxy.set({ kind: 'none' });
    },
  };
}

/** A service whose only instance misbehaves is asked through every sidecar that knows it; what it answers is all the same. */
const badUpstream = (misbehaviour: Misbehaviour): SoakFault => ({
  kind: `upstream is ${misbehaviour}`,
  async act(mesh, { round, last }) {
    await using bad = await startBadUpstream(misbehaviour);
    const name = `sick-${round}-${misbehaviour}`;
    const plain = route(name);
    const rules = [{ backendRefs: [{ name }], timeouts: { request: '300ms' } }];
    await persist(mesh.controlPlanes[0], (rest) =>
      rest.apply(service(name), instance(name, 'bad', bad.port), {
        ...plain,
        spec: { ...plain.spec, rules },
      }),
    );
    await last();
    await Promise.allSettled(
      mesh.sidecars.flatMap(({ outboundPort, listenAddress }) =>
        Array.from({ length: 10 }, () => call(outboundPort, '/', { host: name, address: listenAddress })),
      ),
    );
    // The mesh's objects go with those that the round's changes left.
  },
});

const sidecarKilled: SoakFault = {
  kind: 'sidecar killed',
  async act({ doomed, keptServices }, { last, stopDoomedLoad, startDoomedLoad }) {
    await stopDoomedLoad();
    doomed.process.kill('SIGKILL');
    await doomed.process.exited;
    await last();
    await doomed.restart();
    for (const name of keptServices) await untilReachable(doomed, name);
    startDoomedLoad();
  },
};

const sidecarStopped: SoakFault = {
  kind: 'sidecar stopped',
  async act({ doomed }, { last }) {
    doomed.process.kill('SIGSTOP');
    await last();
    doomed.process.kill('SIGCONT');
  },
};

/** Clients that leave in the middle of a request, or close their half at once. */
const clientsVanish: SoakFault = {
  kind: 'clients vanish',
  async act({ sidecars }, { last }) {
    const head = 'POST /shop/items HTTP/1.1\r\nhost: cart\r\ncontent-length: 1000\r\n\r\n';
    const starts = ['', 'GET / HT', head, `${head}only a part`];
    const clients = sidecars.flatMap(({ outboundPort, listenAddress }) =>
      Array.from({ length: 20 }, (_, index) => {
        const client = connect({ host: listenAddress, port: outboundPort, allowHalfOpen: true }, () =>
          client.write(starts[index % starts.length] ?? ''),
        );
        client.on('error', () => undefined);
        client.resume();
        return { client, isPolite: index % 8 < 4 };
      }),
    );
    await last();
    // What ends one half leaves the other one open until the sidecar closes it.
    for (const { client, isPolite } of clients) {
      if (isPolite) client.end();
      else client.resetAndDestroy();
    }
  },
};

/** A service comes and goes as fast as REST takes it. */
const serviceFlaps: SoakFault = {
  kind: 'service flaps',
  async act({ controlPlanes: [{ rest }], backendPorts: [port = 0] }, { round, last }) {
    let isOver = false;
    const over = last().then(() => (isOver = true));
    for (let turn = 0; !isOver; turn++) {
      const name = `flap-${round}-${turn % 3}`;
      try {
        await rest.apply(service(name), instance(name, 'one', port));
        await rest.delete(`/v1/services/${name}/instances/one`);
        await rest.delete(`/v1/services/${name}`);
      } catch {
        // Another fault is on: what is left over goes at the end of the round.
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await over;
  },
};

/** Until it is taken; a fault before may still be felt. */
export async function persist<T>(
  { rest }: Pick<ControlPlane, 'rest'>,
  write: (rest: ControlPlane['rest']) => Promise<T>,
): Promise<T> {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    try {
      return await write(rest);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
