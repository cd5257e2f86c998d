import { instance } from '../../harness/objects.ts';
import type { MatrixClient, ResourceType } from './matrix-client.ts';
import { answeredAt, answeredBy, unanswered, type MatrixRun } from './matrix-run.ts';
import { RejectedCounts } from './rejected-counts.ts';

/** What the steps need to know of the mesh. */
export interface TrafficPorts {
  /** Of the two instances. */
  readonly one: number;
  readonly two: number;
  /** Of services' own listeners, on the address of each proxy. */
  readonly own: readonly [cart: number, moved: number, late: number, listener: number, routes: number];
}

const routingTypes: readonly ResourceType[] = ['LDS', 'RDS', 'CDS', 'EDS'];

export const grpcService = (name: string, spec: object = {}): object => ({
  kind: 'Service',
  metadata: { name },
  spec: { protocol: 'grpc', ...spec },
});

/** From the routes on, calls go to clusters of one version; a gRPC client gives up the one of all. */
const routedCluster = 'cart|version=v1';

function unsyncedCart(run: MatrixRun, client: MatrixClient): Promise<string | undefined> {
  return untilFirst(
    () => run.unsynced(client, ['LDS', 'RDS'], 'cart'),
    () => run.unsynced(client, ['CDS', 'EDS'], routedCluster),
  );
}

/** The first of these that says something. */
async function untilFirst(
  ...looks: readonly (() => Promise<string | undefined>)[]
): Promise<string | undefined> {
  for (const look of looks) {
    const why = await look();
    if (why !== undefined) return why;
  }
  return undefined;
}

const cartPolicy = '/v1/policies/cart';

/** A service that was not there. */
export async function addService(run: MatrixRun, { one, own: [port] }: TrafficPorts): Promise<void> {
  await run.controlPlane.rest.apply(
    grpcService('cart', { port }),
    instance('cart', 'v1', one, { version: 'v1' }),
  );
  await run.observe(routingTypes, 'add', (client) => async () => {
    const fails = await answeredBy(client, 'cart', ['one']);
    if (fails !== undefined) return fails;
    if (client.kind === 'proxy') {
      const failsThere = await answeredAt(client, port, 'cart', 'one');
      if (failsThere !== undefined) return failsThere;
    }
    return run.unsynced(client, routingTypes, 'cart');
  });
}

/** An instance comes, and the other goes and comes back. */
export async function updateEndpoints(run: MatrixRun, { one, two }: TrafficPorts): Promise<void> {
  const { rest } = run.controlPlane;
  const look = (names: readonly string[]) => (client: MatrixClient) => async () =>
    (await answeredBy(client, 'cart', names)) ?? run.unsynced(client, ['EDS'], 'cart');
  await rest.apply(instance('cart', 'v2', two, { version: 'v2' }));
  await run.observe(['EDS'], 'update', look(['one', 'two']));
  await rest.delete('/v1/services/cart/instances/v1');
  await run.observe(['EDS'], 'update', look(['two']));
  await rest.apply(instance('cart', 'v1', one, { version: 'v1' }));
  await run.observe(['EDS'], 'update', look(['one', 'two']));
}

/** Calls of one version go to its instance, all others to the other's. */
export async function updateRoutes(run: MatrixRun): Promise<void> {
  const toVersion = (version: string): object[] => [{ name: 'cart', version }];
  await run.controlPlane.rest.apply({
    kind: 'HTTPRoute',
    metadata: { name: 'cart' },
    spec: {
      parentRefs: [{ name: 'cart' }],
      rules: [
        {
          matches: [{ path: { value: '/heddle.Echo' }, headers: [{ name: 'x-version', value: 'v2' }] }],
          backendRefs: toVersion('v2'),
        },
        { backendRefs: toVersion('v1') },
      ],
    },
  });
  await run.observe(
    ['RDS'],
    'update',
    (client) => async () =>
      (await answeredBy(client, 'cart', ['one'])) ??
      (await answeredBy(client, 'cart', ['two'], 'v2')) ??
      run.unsynced(client, ['RDS'], 'cart'),
  );
}

/** No call may be in flight, so all fail; then they may again. */
export async function updateCluster(run: MatrixRun): Promise<void> {
  const { rest } = run.controlPlane;
  await rest.apply({
    kind: 'Policy',
    metadata: { name: 'cart' },
    spec: { targetRef: { name: 'cart' }, circuitBreaker: { maxRequests: 0 } },
  });
  await run.observe(
    ['CDS'],
    'update',
    (client) => async () =>
      (client.kind === 'raw' ? undefined : await unanswered(client, 'cart')) ??
      run.unsynced(client, ['CDS'], routedCluster),
  );
  await rest.delete(cartPolicy);
  await run.observe(
    ['CDS'],
    'update',
    (client) => async () =>
      (await answeredBy(client, 'cart', ['one'])) ?? run.unsynced(client, ['CDS'], routedCluster),
  );
}

/** The service's own listener moves to another port. */
export async function updateListener(run: MatrixRun, { own: [port, moved] }: TrafficPorts): Promise<void> {
  await run.controlPlane.rest.apply(grpcService('cart', { port: moved }));
  await run.observe(['LDS'], 'update', (client) => {
    if (client.kind === 'grpc') return undefined;
    return async () => {
      const fails = await answeredAt(client, moved, 'cart', 'one');
      if (fails !== undefined) return fails;
      if (await client.isListening(port)) return `port ${port} is still open`;
      return run.unsynced(client, ['LDS'], 'cart');
    };
  });
}

/** What a client says goes to the control plane, what it had serves, and what takes its place is taken. */
export async function refuse(run: MatrixRun, { one, own }: TrafficPorts): Promise<void> {
  const { rest } = run.controlPlane;
  const spoiled = {
    LDS: 'spoiled-listener',
    RDS: 'spoiled-routes',
    CDS: 'spoiled-cluster',
    EDS: 'spoiled-endpoints',
  } as const;
  const ports: Readonly<Record<string, number>> = { 'spoiled-listener': own[3], 'spoiled-routes': own[4] };
  const names = Object.values(spoiled);
  const rejected = await RejectedCounts.of(run);
  for (const name of names) {
    const port = ports[name];
    const objects = [grpcService(name, port === undefined ? {} : { port }), instance(name, 'i', one)];
    // What is fine comes in one response with what is not, and must not be lost with it.
    if (name === spoiled.EDS) objects.push(grpcService('beside'), instance('beside', 'i', one));
    await rest.apply(...objects);
  }
  for (const type of ['LDS', 'RDS', 'CDS', 'EDS'] as const) {
    await run.observe([type], 'NACK', (client) => async () => {
      if (client.kind === 'grpc') void client.call(spoiled[type]);
      const fails = await answeredBy(client, 'cart', ['one']);
      if (fails !== undefined) return fails;
      if (client.variant === 'REST polling') {
        return (await rejected.hasGrown(client, type)) ? undefined : `it has refused nothing of ${type}`;
      }
      const failsBeside = type === 'EDS' ? await answeredBy(client, 'beside', ['one']) : undefined;
      if (failsBeside !== undefined) return failsBeside;
      const { status, refusal = '' } = await run.stateOf(client, type, spoiled[type]);
      return status === 'ERROR' && refusal !== ''
        ? undefined
        : `${type} of ${spoiled[type]} is ${status ?? 'unknown'}: ${refusal}`;
    });
  }
  for (const name of [...names, 'beside']) {
    await rest.delete(`/v1/services/${name}/instances/i`);
    await rest.delete(`/v1/services/${name}`);
    await Promise.all(run.clients.map((client) => client.forget(name)));
  }
  for (const type of ['LDS', 'RDS', 'CDS', 'EDS'] as const) {
    await run.observe([type], 'NACK', (client) => async () => {
      const { status } = await run.stateOf(client, type, spoiled[type]);
      if (status !== undefined && client.variant !== 'REST polling')
        return `${type} of ${spoiled[type]} is still ${status}`;
      return unsyncedCart(run, client);
    });
  }
}

/** The control plane dies; calls go on; it comes back, and so do changes. */
export async function reconnect(run: MatrixRun, { two, own: [, , port] }: TrafficPorts): Promise<void> {
  const { rest } = run.controlPlane;
  await run.controlPlane.kill();
  await run.observe(routingTypes, 'reconnect', (client) => () => answeredBy(client, 'cart', ['one']));
  await run.controlPlane.restart();
  await rest.apply(grpcService('late', { port }), instance('late', 'i', two));
  await run.observe(routingTypes, 'reconnect', (client) => async () => {
    return untilFirst(
      () => answeredBy(client, 'late', ['two']),
      () => answeredBy(client, 'cart', ['one']),
      () => run.unsynced(client, routingTypes, 'late'),
      () => unsyncedCart(run, client),
    );
  });
}

/** Everything of a service goes. */
export async function removeService(run: MatrixRun): Promise<void> {
  const { rest } = run.controlPlane;
  await rest.delete('/v1/routes/cart');
  for (const id of ['v1', 'v2']) await rest.delete(`/v1/services/cart/instances/${id}`);
  await rest.delete('/v1/services/cart');
  await run.observe(routingTypes, 'remove', (client) => async () => {
    const answers = await unanswered(client, 'cart');
    if (answers !== undefined) return answers;
    const fails = await answeredBy(client, 'late', ['two']);
    if (fails !== undefined) return fails;
    for (const type of routingTypes) {
      // What was polled for is shown until nobody has asked for minutes; and a gRPC client may go on asking for the
      // endpoints of a listener that is gone, and is told that there are none.
      if (client.variant === 'REST polling' || (client.kind === 'grpc' && type === 'EDS')) continue;
      const { status } = await run.stateOf(client, type, 'cart');
      if (status !== undefined) return `${type} of cart is still ${status}`;
    }
    return run.unsynced(client, routingTypes, 'late');
  });
}
