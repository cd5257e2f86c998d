import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { startAdminServer } from './admin-server.ts';
import { createClientStatusEndpoint } from './client-status-endpoint.ts';
import type { ClientStatusView, ResourceStatusView } from './client-status.ts';

const api = loadApi();
const at = Date.parse('2026-01-02T03:04:05Z');
const secretName = 'envoy.extensions.transport_sockets.tls.v3.Secret';

function cluster(
  state: ResourceStatusView['state'],
  more: Partial<ResourceStatusView> = {},
): ResourceStatusView {
  return { name: state, state, version: '', updatedAt: 0, ...more };
}

const view: ClientStatusView = {
  node: { id: 'web-1', cluster: 'web' },
  types: () => [
    {
      typeUrl: typeUrls.cluster,
      resources: [
        cluster('acked', {
          version: '7',
          updatedAt: at,
          bytes: api.encode('envoy.config.cluster.v3.Cluster', { name: 'acked' }),
        }),
        cluster('nacked', {
          updatedAt: at,
          error: { version: '8', at, problems: [{ path: 'lb_policy', message: 'is not known' }] },
        }),
        cluster('requested'),
        cluster('does-not-exist', { updatedAt: at }),
        cluster('timeout'),
        cluster('restored', { version: '6', updatedAt: at }),
      ],
    },
    {
      typeUrl: typeUrls.secret,
      resources: [
        cluster('acked', {
          name: 'own',
          bytes: api.encode(secretName, {
            name: 'own',
            tlsCertificate: { privateKey: { inlineString: 'hunter2' } },
          }),
        }),
        cluster('acked', {
          name: 'ca',
          bytes: api.encode(secretName, {
            name: 'ca',
            validationContext: { trustedCa: { inlineString: 'c' } },
          }),
        }),
      ],
    },
  ],
};

test('every resource that was asked for stands there with its state, and a refused one with the reason', async (context) => {
  const admin = await startAdminServer(
    { address: '127.0.0.1', port: 0 },
    [createClientStatusEndpoint(api, view)],
    createSilentLogger(),
    () => assert.fail('no pipe'),
  );
  context.after(() => admin.close());
  const url = `http://127.0.0.1:${admin.address.port}/v3/discovery:client_status`;
  const response = await fetch(url, { method: 'POST', body: '{}' });
  const { config } = (await response.json()) as {
    config: [{ node: object; generic_xds_configs: Record<string, unknown>[] }];
  };
  assert.deepEqual(config[0].node, { id: 'web-1', cluster: 'web' });
  const [acked, nacked, requested, absent, timeout, restored, own, ca] = config[0].generic_xds_configs;
  assert.deepEqual(acked, {
    type_url: typeUrls.cluster,
    name: 'acked',
    version_info: '7',
    xds_config: { '@type': typeUrls.cluster, name: 'acked' },
    last_updated: '2026-01-02T03:04:05Z',
    client_status: 'ACKED',
  });
  assert.deepEqual(nacked, {
    type_url: typeUrls.cluster,
    name: 'nacked',
    last_updated: '2026-01-02T03:04:05Z',
    client_status: 'NACKED',
    error_state: {
      last_update_attempt: '2026-01-02T03:04:05Z',
      details: 'lb_policy: is not known',
      version_info: '8',
    },
  });
  assert.deepEqual(requested, { type_url: typeUrls.cluster, name: 'requested', client_status: 'REQUESTED' });
  assert.deepEqual(
    [absent, timeout, restored].map((one) => one?.['client_status']),
    // UNKNOWN is the default of its enum, which JSON leaves out.
    ['DOES_NOT_EXIST', 'TIMEOUT', undefined],
  );
  assert.equal(own?.['xds_config'], undefined);
  assert.ok(ca?.['xds_config'] !== undefined);

  const bare = await (await fetch(`${url}?exclude_resource_contents`)).text();
  assert.ok(!bare.includes('"xds_config"') && bare.includes('ACKED'));
  for (const body of ['{"node_matchers":[{}]}', '{"node":1}', '{', '[]'])
    assert.equal((await fetch(url, { method: 'POST', body })).status, 400, body);
  assert.equal((await fetch(url, { method: 'POST', body: ' '.repeat(70_000) })).status, 413);
});
