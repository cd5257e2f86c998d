import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import type { Harness } from '../../harness/harness.ts';
import { startControlPlane } from '../../harness/parts.ts';
import { Cells } from './cells.ts';
import { startNamedInstance } from './echo-calls.ts';
import { grpcGoOf, grpcioOf, grpcJs, startGrpcClient } from './grpc-clients.ts';
import { MatrixRun } from './matrix-run.ts';
import type { MatrixClient } from './matrix-client.ts';
import {
  envoyWays,
  startMatrixEnvoy,
  startMatrixSidecar,
  type EnvoyWay,
  type ProxyPlace,
} from './proxy-clients.ts';
import { startRawClient } from './raw-client.ts';
import { SecretSteps, serviceOf } from './secret-steps.ts';
import * as traffic from './traffic-steps.ts';

/** Paths of the programs that others wrote. */
export interface MatrixPrograms {
  readonly envoy: string;
  /** Built from `xds-clients/grpc-go`. */
  readonly grpcGo: string;
  /** With grpcio. */
  readonly python: string;
}

/**
 * One mesh, all clients at once, and every change is seen by each of them. `onStep` hears what begins.
 */
export async function runMatrix(
  harness: Harness,
  programs: MatrixPrograms,
  onStep: (name: string) => void = () => undefined,
): Promise<Cells> {
  const preload = path.join(import.meta.dirname, 'spoil-control-plane.ts');
  const [controlPlane, one, two] = await Promise.all([
    startControlPlane(harness, { preload }),
    startNamedInstance(harness, 'one'),
    startNamedInstance(harness, 'two'),
  ]);
  const [cart = 0, moved = 0, late = 0, listener = 0, routes = 0] = await findFreePorts(5);
  const ports: traffic.TrafficPorts = { one, two, own: [cart, moved, late, listener, routes] };
  let placeCount = 0;
  const placeOf = (node: string): ProxyPlace => ({
    ...{ node, service: serviceOf({ node }), appPort: one, controlPlane },
    upstreams: [
      ...[
        'cart',
        'late',
        'spoiled-listener',
        'spoiled-routes',
        'spoiled-cluster',
        'spoiled-endpoints',
        'beside',
      ],
      serviceOf({ node }),
    ],
    listenAddress: `127.0.1.${++placeCount}`,
  });
  onStep('start');
  const ways = Object.keys(envoyWays) as EnvoyWay[];
  const rawNode = (variant: string): readonly [string, Record<string, string | number | string[]>] => {
    const { node, service, appPort, upstreams, listenAddress } = placeOf(`raw-${variant}`);
    return [node, { service, appPort, upstreams: [...upstreams], listenAddress }];
  };
  const clients: readonly MatrixClient[] = await Promise.all([
    ...ways.map((way, index) => startMatrixEnvoy(harness, programs.envoy, way, placeOf(`envoy-${index}`))),
    startGrpcClient(harness, grpcJs, controlPlane),
    startGrpcClient(harness, grpcioOf(programs.python), controlPlane),
    startGrpcClient(harness, grpcGoOf(programs.grpcGo), controlPlane),
    startMatrixSidecar(harness, 'state of the world', placeOf('sidecar-sotw')),
    startMatrixSidecar(harness, 'delta', placeOf('sidecar-delta')),
    startRawClient(harness, 'state of the world', ...rawNode('sotw'), controlPlane),
    startRawClient(harness, 'delta', ...rawNode('delta'), controlPlane),
  ]);
  const run = new MatrixRun(clients, controlPlane, new Cells());
  const secrets = new SecretSteps(run);
  await secrets.before(one);
  const steps: readonly (readonly [name: string, step: () => Promise<void>])[] = [
    ['add', () => traffic.addService(run, ports)],
    ['update endpoints', () => traffic.updateEndpoints(run, ports)],
    ['update routes', () => traffic.updateRoutes(run)],
    ['update cluster', () => traffic.updateCluster(run)],
    ['update listener', () => traffic.updateListener(run, ports)],
    ['NACK', () => traffic.refuse(run, ports)],
    ['add secrets', () => secrets.add()],
    ['update secrets', () => secrets.update()],
    ['NACK of secrets', () => secrets.refuse()],
    ['reconnect', () => traffic.reconnect(run, ports)],
    ['reconnect with secrets', () => secrets.afterReconnect()],
    ['remove secrets', () => secrets.remove()],
    ['remove', () => traffic.removeService(run)],
  ];
  for (const [name, step] of steps) {
    onStep(name);
    await step();
  }
  return run.cells;
}
