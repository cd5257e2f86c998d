import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { createClientStatusService } from '@heddle/shared/xds/client-status-service';
import type { ClientStatusRequest, ClientStatusResponse, NodeMatcher } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { compileNodeMatchers } from '../src/xds/node-matcher.ts';
import { ackOf, api, nodeNamed, refusal, streamClusters } from './ads-client.ts';
import { get, startTestControlPlane } from './mesh-harness.ts';
import { CDS, EDS, LDS, withXds } from './xds-harness.ts';

const node = nodeNamed('n1', { upstreams: ['a'] });
const service = createClientStatusService(api);

function askStatus(
  port: number,
  request: MessageInit<ClientStatusRequest>,
  method: 'FetchClientStatus' | 'StreamClientStatus' = 'FetchClientStatus',
): Promise<ClientStatusResponse> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = service[method];
  return new Promise<ClientStatusResponse>((resolve, reject) => {
    if (method === 'FetchClientStatus') {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error ?? new Error('no response'));
      });
    } else {
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      stream.on('data', (response: ClientStatusResponse) => {
        resolve(response);
        stream.end();
      });
      stream.on('error', reject);
      stream.write(request);
    }
  }).finally(() => client.close());
}

/** `type name status version?` of each resource. */
function show({ config }: ClientStatusResponse): string[] {
  return config.flatMap(({ node: client, genericXdsConfigs }) =>
    genericXdsConfigs.map(
      ({ typeUrl, name, configStatus, errorState }) =>
        `${client?.id} ${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name} ${configStatus}${errorState === undefined ? '' : ` ${errorState.details}`}`,
    ),
  );
}

test('what a client was sent, acknowledged, refused and is still to get', async () => {
  await withXds(async ({ snapshots, sotw, port }) => {
    snapshots.set({
      clusters: { a: '1' },
      endpoints: { a: 'x' },
      listeners: { l: 'r' },
      routes: { r: ['a'] },
    });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNames: ['a', 'none'] });
    // Together, then each alone.
    for (const _ of ['a none', 'a', 'none']) {
      const endpoints = await client.next(EDS);
      client.send({ ...ackOf(endpoints, ['a', 'none']), versionInfo: '', errorDetail: refusal });
    }
    client.send({ typeUrl: LDS });
    await client.next(LDS);
    for (const method of ['FetchClientStatus', 'StreamClientStatus'] as const) {
      const response = await askStatus(port, {}, method);
      assert.deepEqual(show(response), [
        'n1 Cluster a SYNCED',
        `n1 ClusterLoadAssignment a ERROR ${refusal.message}`,
        `n1 ClusterLoadAssignment none ERROR ${refusal.message}`,
        'n1 Listener l STALE',
      ]);
      const [first] = response.config[0]?.genericXdsConfigs ?? [];
      assert.equal(first?.xdsConfig?.typeUrl, CDS);
      assert.equal(response.config[0]?.node?.cluster, 'test');
    }
    // The listener is not answered yet, so nothing more of its type may go.
    snapshots.set({
      clusters: { a: '1' },
      endpoints: { a: 'y' },
      listeners: { l: 'r', m: 'r' },
      routes: { r: ['a'] },
    });
    await client.next(EDS);
    const bare = await askStatus(port, { excludeResourceContents: true });
    assert.deepEqual(show(bare), [
      'n1 Cluster a SYNCED',
      'n1 ClusterLoadAssignment a STALE',
      `n1 ClusterLoadAssignment none ERROR ${refusal.message}`,
      'n1 Listener l STALE',
      'n1 Listener m NOT_SENT',
    ]);
    assert.ok(bare.config[0]?.genericXdsConfigs.every(({ xdsConfig }) => xdsConfig === undefined));

    const other = sotw(streamClusters);
    other.send({ node: nodeNamed('n2'), typeUrl: CDS });
    await other.next(CDS);
    const only = await askStatus(port, { nodeMatchers: [{ nodeId: { exact: 'n2' } }] });
    assert.deepEqual(show(only), ['n2 Cluster a STALE']);
    client[Symbol.dispose]();
    await other.until(() => client.error !== undefined, 'end');
    const deadlineMs = performance.now() + 5_000;
    const left = async (): Promise<string[]> => show(await askStatus(port, {}));
    while ((await left()).length !== 1)
      assert.ok(performance.now() < deadlineMs, 'the client that left is shown');
    assert.deepEqual(await left(), ['n2 Cluster a STALE']);

    for (const method of ['FetchClientStatus', 'StreamClientStatus'] as const) {
      await assert.rejects(
        askStatus(port, { nodeMatchers: [{ nodeMetadatas: [{ path: [{ key: 'a' }] }] }] }, method),
        /INVALID_ARGUMENT: node_matchers\[0\]\.node_metadatas\[0\]\.value: is required/,
      );
    }
  });
});

test('matchers of nodes', () => {
  const metadata = { heddle: { service: 'cart', port: 8080, tags: ['eu', 'blue'], empty: null, isOn: true } };
  const given = api.create('envoy.config.core.v3.Node', { id: 'cart-1', metadata });
  const matches = (...matchers: MessageInit<NodeMatcher>[]): boolean => {
    const { nodeMatchers } = api.create('envoy.service.status.v3.ClientStatusRequest', {
      nodeMatchers: matchers,
    });
    return compileNodeMatchers(nodeMatchers)(given);
  };
  const at = (key: string, value: object): MessageInit<NodeMatcher> => ({
    nodeMetadatas: [{ path: [{ key: 'heddle' }, { key }], value }],
  });
  assert.equal(matches(), true);
  assert.equal(matches({}), true);
  for (const [nodeId, expected] of [
    [{ exact: 'cart-1' }, true],
    [{ exact: 'CART-1' }, false],
    [{ exact: 'CART-1', ignoreCase: true }, true],
    [{ prefix: 'cart' }, true],
    [{ suffix: '-2' }, false],
    [{ contains: 'rt-' }, true],
    [{ safeRegex: { regex: 'cart-[0-9]' } }, true],
    [{ safeRegex: { regex: 'cart' } }, false],
  ] as const)
    assert.equal(matches({ nodeId }), expected, JSON.stringify(nodeId));
  for (const [key, value, expected] of [
    ['service', { stringMatch: { exact: 'cart' } }, true],
    ['service', { boolMatch: true }, false],
    ['isOn', { boolMatch: true }, true],
    ['port', { doubleMatch: { exact: 8080 } }, true],
    ['port', { doubleMatch: { range: { start: 1, end: 8080 } } }, false],
    ['empty', { nullMatch: {} }, true],
    ['empty', { presentMatch: true }, true],
    ['missing', { presentMatch: true }, false],
    ['toString', { presentMatch: true }, false],
    ['missing', { presentMatch: false }, true],
    ['tags', { listMatch: { oneOf: { stringMatch: { exact: 'blue' } } } }, true],
    ['tags', { listMatch: { oneOf: { stringMatch: { exact: 'red' } } } }, false],
    [
      'service',
      { orMatch: { valueMatchers: [{ boolMatch: true }, { stringMatch: { prefix: 'c' } }] } },
      true,
    ],
  ] as const)
    assert.equal(matches(at(key, value)), expected, `${key} ${JSON.stringify(value)}`);
  assert.equal(
    matches({ nodeId: { exact: 'other' } }, { nodeId: { exact: 'cart-1' } }),
    true,
    'one is enough',
  );
  assert.equal(matches({ nodeId: { exact: 'cart-1' }, ...at('isOn', { boolMatch: false }) }), false, 'both');
  assert.throws(() => matches({ nodeId: { safeRegex: { regex: '(' } } }), InvalidInputError);
});

test('the same by REST, and polling beside it', async () => {
  const controlPlane = await startTestControlPlane();
  try {
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`http://127.0.0.1:${controlPlane.restPort}/v3/discovery:${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const first = await post('listeners', { node: { id: 'poller' } });
    assert.equal(first.status, 200);
    const answer = (await first.json()) as { versionInfo: string; resources: { name: string }[] };
    assert.deepEqual(
      answer.resources.map(({ name }) => name),
      ['outbound'],
    );
    const again = await post('listeners', { node: { id: 'poller' }, version_info: answer.versionInfo });
    assert.deepEqual([again.status, await again.text()], [304, '']);
    const status = await post('client_status', { exclude_resource_contents: true });
    const { config } = (await status.json()) as {
      config: { node: { id: string }; genericXdsConfigs: object[] }[];
    };
    assert.deepEqual(
      config.map(({ node: client, genericXdsConfigs }) => [client.id, genericXdsConfigs]),
      [
        [
          'poller',
          [
            {
              typeUrl: LDS,
              name: 'outbound',
              versionInfo: resourceVersionOf(config),
              configStatus: 'SYNCED',
            },
          ],
        ],
      ],
    );
    const refused = await post('listeners', { node: { id: 'poller' }, resource_name: ['a'] });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /resource_name/);
    const { items } = (await get(controlPlane, '/v1/proxies')) as {
      items: { node: string; isConnected: boolean }[];
    };
    assert.deepEqual(
      items.map((item) => [item.node, item.isConnected]),
      [['poller', true]],
    );
  } finally {
    await controlPlane.stop();
  }
});

/** Of the one resource; it is a hash, which is not the set's. */
function resourceVersionOf(config: readonly { genericXdsConfigs: object[] }[]): string {
  const [only] = config[0]?.genericXdsConfigs ?? [];
  const { versionInfo } = only as { versionInfo: string };
  assert.match(versionInfo, /^\w+$/);
  return versionInfo;
}
