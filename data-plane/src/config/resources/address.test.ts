import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const echo =
  '{ name: e, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }';
const listenerAt = (address: string): string =>
  `{ name: l, address: { ${address} }, filter_chains: [ { filters: [ ${echo} ] } ] }`;
const clusterAt = (address: string, endpoint = '', fields = ''): string =>
  `{ name: c ${fields}, load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { address: { ${address} } ${endpoint} } } ] } ] } }`;
const longest = `/tmp/${'x'.repeat(102)}`;
const at = 'load_assignment.endpoints[0].lb_endpoints[0].endpoint';

test('pipes of listeners and endpoints', () => {
  const listen = (address: string): unknown =>
    decodeYaml(resourceTypes.listener, listenerAt(address)).address;
  assert.deepEqual(listen('pipe: { path: /run/a, mode: 384 }'), { address: '/run/a', port: 0, mode: 0o600 });
  assert.deepEqual(listen('pipe: { path: "@a" }'), { address: '@a', port: 0 });
  assert.deepEqual(listen('pipe: { path: a.sock }'), { address: './a.sock', port: 0 });
  assert.deepEqual(listen(`pipe: { path: ${longest} }`), { address: longest, port: 0 });
  const { discovery } = decodeYaml(resourceTypes.cluster, clusterAt('pipe: { path: /run/b }'));
  assert.equal(discovery.kind, 'static');
  const [endpoint] = discovery.endpoints.priorities[0]?.[0]?.endpoints ?? [];
  assert.deepEqual([endpoint?.address, endpoint?.hostname], [{ address: '/run/b', port: 0 }, '']);
});

const refused: readonly [string, readonly string[]][] = [
  [
    listenerAt(`pipe: { path: ${longest}x }`),
    ['address.pipe.path: is longer than 107 bytes, the longest name of a Unix domain socket'],
  ],
  [
    listenerAt('pipe: { path: "@a", mode: 384 }'),
    ['address.pipe.mode: cannot be set for an abstract socket, which is no file'],
  ],
  [listenerAt('pipe: { path: "/a\\0b" }'), ['address.pipe.path: contains a zero byte']],
  [
    clusterAt(`pipe: { path: ${longest}x }`),
    [`${at}.address.pipe.path: is longer than 107 bytes, the longest name of a Unix domain socket`],
  ],
  [
    clusterAt('pipe: { path: /a }', ', health_check_config: { port_value: 80 }'),
    [
      `${at}.health_check_config.port_value: cannot be set: a pipe, which is what would be checked, has no port`,
    ],
  ],
  ...['STRICT_DNS', 'LOGICAL_DNS'].map((type): [string, readonly string[]] => [
    clusterAt('pipe: { path: /a }', '', `, type: ${type}`),
    [`${at}.address.pipe: is nothing that DNS resolves: it needs a STATIC or EDS cluster`],
  ]),
];

test('what is no pipe is refused with its path', () => {
  for (const [yaml, problems] of refused) {
    const type = yaml.includes('name: l') ? resourceTypes.listener : resourceTypes.cluster;
    assert.deepEqual(problemsOfYaml(type, yaml), problems);
  }
});
