import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadApi } from '@heddle/shared/xds/xds-api';
import type { Cluster } from '../config/model/cluster.ts';
import type { AdminAnswer, AdminEndpoint } from './admin-server.ts';
import { createClustersEndpoint, type ClusterView } from './clusters-endpoint.ts';
import { createConfigDumpEndpoint, type DumpedResource } from './config-dump-endpoint.ts';

const api = loadApi();
const thresholds = {
  maxConnections: 1,
  maxPendingRequests: 2,
  maxRequests: 3,
  maxRetries: 4,
  trackRemaining: false,
};

const view: ClusterView = {
  name: 'a',
  isStatic: false,
  cluster: {
    statName: 'alias',
    circuitBreakers: { default: thresholds, high: thresholds },
    discovery: { kind: 'eds', serviceName: 'a-eds', source: { kind: 'ads' }, initialFetchTimeoutMs: 1 },
  } as unknown as Cluster,
  hosts: [
    {
      label: '[::1]:80',
      address: '::1',
      port: 80,
      hostname: 'h',
      flags: 0x1 | 0x200,
      healthFlags: '/failed_active_hc/eds_status_draining',
      weight: 5,
      locality: { region: 'r', zone: '', subZone: '' },
      priority: 0,
      isCanary: false,
      stats: { cx_active: 1, rq_total: 7 },
    },
  ],
};

async function call(endpoint: AdminEndpoint, query = ''): Promise<AdminAnswer> {
  return endpoint.handle(new URLSearchParams(query));
}

test('/clusters as text: settings, then a block for each host', async () => {
  const { body } = await call(createClustersEndpoint(() => [view]));
  const lines = body.split('\n');
  for (const line of [
    'a::observability_name::alias',
    'a::default_priority::max_connections::1',
    'a::high_priority::max_retries::4',
    'a::added_via_api::true',
    'a::eds_service_name::a-eds',
    'a::[::1]:80::rq_total::7',
    'a::[::1]:80::health_flags::/failed_active_hc/eds_status_draining',
    'a::[::1]:80::weight::5',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('/clusters as JSON names the flags and leaves defaults out', async () => {
  const { body } = await call(
    createClustersEndpoint(() => [view]),
    'format=json',
  );
  const [cluster] = (JSON.parse(body) as { cluster_statuses: { host_statuses: Record<string, unknown>[] }[] })
    .cluster_statuses;
  const host = cluster?.host_statuses[0];
  assert.deepEqual(host?.['health_status'], {
    failed_active_health_check: true,
    eds_health_status: 'DRAINING',
  });
  assert.deepEqual(host['locality'], { region: 'r' });
});

test('/clusters filters by name', async () => {
  const endpoint = createClustersEndpoint(() => [view]);
  assert.equal((await call(endpoint, 'filter=b')).body, '');
  assert.equal((await call(endpoint, 'filter=(')).status, 400);
});

function cluster(name: string, isStatic: boolean): DumpedResource {
  const bytes = api.encode('envoy.config.cluster.v3.Cluster', { name, type: 'EDS' });
  return { name, version: isStatic ? '' : 'v7', bytes, updatedAt: 0, isStatic };
}

const dump = createConfigDumpEndpoint(api, {
  bootstrap: {
    bytes: () => api.encode('envoy.config.bootstrap.v3.Bootstrap', { node: { id: 'n' } }),
    loadedAt: 0,
  },
  clusters: () => ({
    version: 'v7',
    active: [cluster('fixed', true), cluster('a', false)],
    warming: [cluster('b', false)],
  }),
  endpoints: () => [],
  listeners: () => ({
    version: '',
    listeners: [
      {
        name: 'l',
        isStatic: false,
        active: undefined,
        warming: undefined,
        boundAddress: undefined,
        error: { version: '2', message: 'no', at: 0 },
      },
    ],
  }),
  routes: () => [],
  secrets: () => ({ static: [], dynamic: [] }),
});

test('/config_dump: sections in Envoy’s order, resources with their own field names', async () => {
  const { configs } = JSON.parse((await call(dump)).body) as { configs: Record<string, unknown>[] };
  assert.deepEqual(
    configs.map((config) => String(config['@type']).split('.').at(-1)),
    ['BootstrapConfigDump', 'ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump'],
  );
  assert.deepEqual(configs[0]?.['bootstrap'], { node: { id: 'n' } });
  assert.deepEqual(configs[1]?.['dynamic_active_clusters'], [
    {
      version_info: 'v7',
      cluster: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'a', type: 'EDS' },
      last_updated: '1970-01-01T00:00:00.000Z',
    },
  ]);
  assert.deepEqual(configs[2]?.['dynamic_listeners'], [
    {
      name: 'l',
      error_state: { details: 'no', last_update_attempt: '1970-01-01T00:00:00.000Z', version_info: '2' },
    },
  ]);
});

test('/config_dump?resource= gives the entries themselves; an unknown one is 404', async () => {
  const { configs } = JSON.parse((await call(dump, 'resource=dynamic_warming_clusters')).body) as {
    configs: unknown[];
  };
  assert.equal(configs.length, 1);
  assert.equal((await call(dump, 'resource=nope')).status, 404);
});

test('/config_dump?name_regex= keeps what is named so', async () => {
  const { configs } = JSON.parse((await call(dump, 'name_regex=a')).body) as {
    configs: Record<string, unknown[]>[];
  };
  assert.equal(configs[1]?.['static_clusters']?.length, 0);
  assert.equal(configs[1]['dynamic_active_clusters']?.length, 1);
});
