import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, connectSotw, nodeNamed, type SotwClient } from './ads-client.ts';
import { apply, get, put, startTestControlPlane, untilEqual } from './mesh-harness.ts';
import { CDS, LDS, RDS } from './xds-harness.ts';

const grpcNode = {
  ...nodeNamed('grpc-1'),
  userAgentName: 'gRPC Test',
  clientFeatures: ['envoy.lb.does_not_support_overprovisioning'],
};

interface ProxyAnswer {
  readonly isConnected: boolean;
  readonly types: readonly { readonly type: string; readonly state: string }[];
  readonly leftOut?: readonly { readonly type: string; readonly resource: string; readonly part?: string }[];
}

async function leftOutOf(controlPlane: Parameters<typeof get>[0], node: string): Promise<string[]> {
  const { leftOut = [] } = (await get(controlPlane, `/v1/proxies/${node}`)) as ProxyAnswer;
  return leftOut.map(({ type, resource, part }) => [type, resource, part].filter(Boolean).join(' ')).sort();
}

async function ask(client: SotwClient, typeUrl: string, ...resourceNames: string[]): Promise<number> {
  client.send({ node: grpcNode, typeUrl, resourceNames });
  const response = await client.next(typeUrl);
  client.send(ackOf(response, resourceNames));
  return response.resources.length;
}

test('a gRPC client gets what it names, from several streams that add up, and is told apart what it lacks', async () => {
  const controlPlane = await startTestControlPlane();
  using first = connectSotw(controlPlane.xdsPort);
  using second = connectSotw(controlPlane.xdsPort);
  try {
    await apply(controlPlane, [
      { kind: 'Service', metadata: { name: 'cart' }, spec: { protocol: 'grpc' } },
      { kind: 'Service', metadata: { name: 'web' }, spec: {} },
      {
        kind: 'Policy',
        metadata: { name: 'cart' },
        spec: { targetRef: { name: 'cart' }, loadBalancer: { policy: 'random' } },
      },
    ]);
    assert.equal(await ask(first, LDS, 'cart'), 1);
    assert.equal(await ask(first, RDS, 'api|cart'), 1);
    assert.equal(await ask(first, CDS, 'cart'), 1);
    assert.equal(await ask(second, LDS, 'web'), 0);
    await untilEqual(
      () => leftOutOf(controlPlane, 'grpc-1'),
      ['Cluster cart Policy loadBalancer', 'Listener web'],
    );
    const { types } = (await get(controlPlane, '/v1/proxies/grpc-1')) as ProxyAnswer;
    assert.deepEqual(
      types.map(({ type, state }) => `${type} ${state}`),
      ['Listener synced', 'RouteConfiguration synced', 'Cluster synced'],
    );

    first[Symbol.dispose]();
    await untilEqual(() => leftOutOf(controlPlane, 'grpc-1'), ['Listener web']);
    assert.equal(((await get(controlPlane, '/v1/proxies/grpc-1')) as ProxyAnswer).isConnected, true);
  } finally {
    await controlPlane.stop();
  }
});

test('a gRPC client that names nothing gets nothing', async () => {
  const controlPlane = await startTestControlPlane();
  using client = connectSotw(controlPlane.xdsPort);
  try {
    await put(controlPlane, { kind: 'Service', metadata: { name: 'cart' }, spec: { protocol: 'grpc' } });
    client.send({ node: grpcNode, typeUrl: LDS });
    assert.equal(await ask(client, CDS, 'cart'), 1);
    assert.equal(client.hasNext(LDS), false);
  } finally {
    await controlPlane.stop();
  }
});

test('a proxy without a way in is told why, until it has one', async () => {
  const controlPlane = await startTestControlPlane();
  using client = connectSotw(controlPlane.xdsPort);
  try {
    await put(controlPlane, { kind: 'Service', metadata: { name: 'cart' }, spec: {} });
    client.send({ node: nodeNamed('cart-1', { service: 'cart' }), typeUrl: LDS });
    client.send(ackOf(await client.next(LDS)));
    await untilEqual(() => leftOutOf(controlPlane, 'cart-1'), ['Listener inbound']);
    await put(controlPlane, {
      kind: 'Instance',
      metadata: { name: 'cart-1', service: 'cart' },
      spec: { address: '127.0.0.1', port: 8080 },
    });
    await untilEqual(() => leftOutOf(controlPlane, 'cart-1'), []);
  } finally {
    await controlPlane.stop();
  }
});
