import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createRedisServer, type RedisServer } from '@heddle/shared/testing/redis-server';
import { initialObjects, type Surroundings } from '../changes/surroundings.ts';
import { startFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import type { Harness } from '../harness/harness.ts';
import { service } from '../harness/objects.ts';
import {
  startAnsweringPorts,
  startControlPlane,
  startSidecar,
  untilReachable,
  type ControlPlane,
  type Proxy,
  type ProxyOptions,
} from '../harness/parts.ts';

/** The service that background writes go to; nothing else touches it. */
export const writtenService = 'written';

/** A mesh with a place for faults between any two halves. */
export interface SoakMesh {
  readonly harness: Harness;
  /** The first one runs all the time, the second one may be killed. On Redis, or the only one on a file of its own. */
  readonly controlPlanes: readonly [ControlPlane, ...ControlPlane[]];
  readonly redis: RedisServer | undefined;
  /** Between each control plane and Redis. */
  readonly redisNetworks: readonly FaultProxy[];
  /** Between each sidecar, the doomed one last, and its control plane. */
  readonly xdsNetworks: readonly FaultProxy[];
  /** They run all the time. */
  readonly sidecars: readonly Proxy[];
  /** Killed and started again; its clients stop before. */
  readonly doomed: Proxy;
  readonly keptServices: readonly string[];
  readonly backendPorts: readonly number[];
  /** The ports under load, see `surroundings.ts`. */
  readonly loadedPorts: readonly number[];
}

export interface SoakMeshOptions {
  /** Path of redis-server; without it one control plane keeps the registry in a file. */
  readonly redisProgram: string | undefined;
  readonly drainTimeSeconds: number;
  /** The sidecar `sotw` misbehaves on purpose: a name of `faults/breakages.ts`. */
  readonly breakage: string | undefined;
}

export async function startSoakMesh(harness: Harness, options: SoakMeshOptions): Promise<SoakMesh> {
  const redis =
    options.redisProgram === undefined ? undefined : await startRedis(harness, options.redisProgram);
  const redisNetworks = redis === undefined ? [] : await startNetworks(harness, [redis.port, redis.port]);
  const [first, ...others] = await Promise.all([
    startControlPlane(harness, { name: 'control-plane-1', ...registryAt(redisNetworks[0]) }),
    ...redisNetworks
      .slice(1)
      .map((network) => startControlPlane(harness, { name: 'control-plane-2', ...registryAt(network) })),
  ]);
  const second = others[0] ?? first;
  const [backendPorts, loadedPorts] = [await startAnsweringPorts(harness, 14), await findFreePorts(2)];
  const keptServices = ['cart', 'web', 'stock'];
  await first.rest.apply(
    ...initialObjects({ keptServices, backendPorts, ownPorts: loadedPorts, extraServices: [] }),
    service(writtenService),
  );

  const xdsNetworks = await startNetworks(
    harness,
    [first, second, first, second].map(({ xdsPort }) => xdsPort),
  );
  const startAt = async (index: number, id: string, more: Partial<ProxyOptions> = {}): Promise<Proxy> => {
    const sidecar = await startSidecar(harness, {
      id,
      controlPlane: { xdsPort: xdsNetworks[index]?.port ?? 0 },
      listenAddress: `127.0.0.${index + 2}`,
      drainTimeSeconds: options.drainTimeSeconds,
      ...more,
    });
    for (const name of keptServices) await untilReachable(sidecar, name);
    return sidecar;
  };
  const broken = options.breakage === undefined ? {} : { breakage: options.breakage };
  const [doomed, ...sidecars] = await Promise.all([
    startAt(3, 'doomed', { upstreams: keptServices }),
    startAt(0, 'everything'),
    startAt(1, 'declared', { upstreams: [...keptServices, writtenService] }),
    startAt(2, 'sotw', { ...broken, isDelta: false }),
  ]);
  return {
    harness,
    controlPlanes: [first, ...others],
    redis,
    redisNetworks,
    xdsNetworks,
    sidecars,
    doomed,
    keptServices,
    backendPorts,
    loadedPorts,
  };
}

/** For the changes of one round: services and ports of its own, so that whatever is kept by name adds up. */
export async function surroundingsOf(
  { keptServices, backendPorts, loadedPorts }: SoakMesh,
  round: number,
): Promise<Surroundings> {
  return {
    keptServices,
    extraServices: [1, 2, 3].map((number) => `extra-${round}-${number}`),
    backendPorts,
    ownPorts: [...loadedPorts, ...(await findFreePorts(4))],
  };
}

async function startRedis(harness: Harness, program: string): Promise<RedisServer> {
  const redis = await createRedisServer(program);
  harness.onEnd(() => redis.remove());
  await redis.start();
  return redis;
}

async function startNetworks(harness: Harness, ports: readonly number[]): Promise<FaultProxy[]> {
  const networks = await Promise.all(ports.map((port) => startFaultProxy(port)));
  harness.onEnd(() => Promise.all(networks.map((network) => network.close())));
  return networks;
}

function registryAt(network: FaultProxy | undefined): { readonly redisUrl?: string } {
  return network === undefined ? {} : { redisUrl: `redis://127.0.0.1:${network.port}` };
}
