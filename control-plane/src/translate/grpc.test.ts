import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Service, ServiceSpec } from '@heddle/shared/model/service';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { buildExampleMesh } from './example-mesh.fixture.ts';
import { isGrpcClient, parseGrpcScope } from './grpc-scope.ts';
import { emptyMesh, type Mesh } from './mesh.ts';
import { planGrpc } from './plan-grpc.ts';
import type { ResourceTypeName, TranslatedOf } from './translated.ts';

const api = loadApi();
const scope = parseGrpcScope({});

function meshOf(services: Readonly<Record<string, ServiceSpec>>, ...routes: HttpRoute[]): Mesh {
  const all = Object.entries(services).map(([name, spec]): [string, Service] => [
    name,
    { kind: 'Service', metadata: { name }, spec },
  ]);
  return {
    ...emptyMesh,
    services: new Map(all),
    routes: new Map(routes.map((route) => [route.metadata.name, route])),
  };
}

function route(name: string, spec: HttpRoute['spec']): HttpRoute {
  return { kind: 'HTTPRoute', metadata: { name }, spec };
}

function namesOf(mesh: Mesh, typeName: ResourceTypeName): string[] {
  return planGrpc(api, mesh, scope)
    .resources.filter((planned) => planned.typeName === typeName)
    .map(({ name }) => name);
}

function built<N extends ResourceTypeName>(mesh: Mesh, typeName: N, name: string): TranslatedOf<N> {
  const found = planGrpc(api, mesh, scope).resources.find(
    (planned) => planned.typeName === typeName && planned.name === name,
  );
  assert.ok(found, name);
  return found.build() as TranslatedOf<N>;
}

test('a gRPC client is known by what it says of itself, and says less than a proxy', () => {
  const clientFeatures = ['xds.config.resource-in-sotw', 'envoy.lb.does_not_support_overprovisioning'];
  assert.equal(isGrpcClient({ clientFeatures }), true);
  assert.equal(isGrpcClient({ clientFeatures: ['envoy.lrs.supports_send_all_clusters'] }), false);
  assert.equal(isGrpcClient({}), false);
  assert.deepEqual(parseGrpcScope({ metadata: { heddle: { upstreams: ['b', 'a', 'b'] } } }), {
    upstreams: ['a', 'b'],
    certificateProvider: 'default',
  });
  assert.throws(
    () => parseGrpcScope({ metadata: { heddle: { outboundPort: 1 } } }),
    /node\.metadata\.heddle.*outboundPort/,
  );
});

test('services that speak HTTP/2 can be dialled, with their port too, and hosts that their routes claim', () => {
  const mesh = meshOf(
    {
      cart: { protocol: 'grpc', port: 80 },
      shop: { protocol: 'http2' },
      web: {},
      ledger: { protocol: 'tcp' },
    },
    route('r', {
      parentRefs: [{ name: 'cart' }, { name: 'web' }],
      hostnames: ['api.test', '*.test'],
      rules: [{ backendRefs: [{ name: 'shop' }] }],
    }),
  );
  assert.deepEqual(namesOf(mesh, 'envoy.config.listener.v3.Listener'), [
    'api.test',
    'cart',
    'cart:80',
    'shop',
  ]);
  assert.deepEqual(namesOf(mesh, 'envoy.config.route.v3.RouteConfiguration'), [
    'api|api.test',
    'api|cart',
    'api|shop',
  ]);
  assert.deepEqual(
    planGrpc(api, mesh, scope).leftOut.map(({ name }) => name),
    ['web', 'ledger'],
  );
});

test('routes are what gRPC understands; the rest is left out with its place', () => {
  const { value, leftOut = [] } = built(
    meshOf(
      { cart: { protocol: 'grpc' } },
      route('r', {
        parentRefs: [{ name: 'cart' }],
        rules: [
          {
            matches: [
              { path: { value: '/shop.v1/' } },
              { path: { type: 'RegularExpression', value: '/a|/b' }, method: 'POST' },
              { method: 'GET' },
              { queryParams: [{ name: 'a', value: 'b' }] },
            ],
            filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'x' } }],
            retry: { codes: [503, 500] },
            timeouts: { request: '3s', backendRequest: '1s' },
            backendRefs: [{ name: 'cart' }],
          },
          {
            matches: [{ path: { type: 'Exact', value: '/gone' } }],
            filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'x' } }],
          },
        ],
      }),
    ),
    'envoy.config.route.v3.RouteConfiguration',
    'api|cart',
  );
  const retryPolicy = {
    retryOn: 'unavailable',
    numRetries: 1,
    retryBackOff: { baseInterval: { seconds: 0, nanos: 25_000_000 } },
  };
  const action = {
    cluster: 'cart',
    maxStreamDuration: { maxStreamDuration: { seconds: 3, nanos: 0 } },
    retryPolicy,
  };
  assert.deepEqual(value.virtualHosts, [
    {
      name: 'cart',
      domains: ['*'],
      routes: [
        { name: 'r/1/0', match: { path: '/gone', headers: [] }, nonForwardingAction: {} },
        { name: 'r/0/1', match: { safeRegex: { regex: '(?:/a|/b)' }, headers: [] }, route: action },
        { name: 'r/0/0', match: { safeRegex: { regex: '/shop\\.v1(?:/.*)?' }, headers: [] }, route: action },
      ],
    },
  ]);
  assert.deepEqual([...new Set(leftOut.map(({ part }) => part))].sort(), [
    'HTTPRoute "r" rules[0].filters',
    'HTTPRoute "r" rules[0].matches[2]',
    'HTTPRoute "r" rules[0].matches[3]',
    'HTTPRoute "r" rules[0].retry.codes',
    'HTTPRoute "r" rules[0].timeouts.backendRequest',
    'HTTPRoute "r" rules[1].filters',
  ]);
});

test('clusters name the parts of policies that gRPC has no word for', () => {
  const { value, leftOut = [] } = built(buildExampleMesh(), 'envoy.config.cluster.v3.Cluster', 'cart');
  assert.deepEqual(
    Object.keys(value)
      .filter((key) => value[key as keyof typeof value] !== undefined)
      .sort(),
    ['edsClusterConfig', 'lbPolicy', 'loadBalancingPolicy', 'name', 'type'],
  );
  assert.deepEqual(
    leftOut.map(({ part }) => part),
    [
      'Policy healthCheck',
      'Policy circuitBreaker',
      'Policy timeouts.connect',
      'Policy timeouts.idle',
      'Policy loadBalancer',
    ],
  );
});

test('TLS comes from the certificate provider that the client named', () => {
  const mesh = meshOf({ cart: { protocol: 'grpc', tls: { certificate: 'c', trustBundle: 't' } } });
  const { resources } = planGrpc(api, mesh, { upstreams: undefined, certificateProvider: 'files' });
  const cluster = resources.find(({ typeName }) => typeName === 'envoy.config.cluster.v3.Cluster')?.build();
  assert.ok(cluster?.typeName === 'envoy.config.cluster.v3.Cluster');
  const { typedConfig } = cluster.value.transportSocket ?? {};
  assert.ok(typedConfig?.value);
  const context = api.decode(
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    typedConfig.value,
  );
  assert.equal(context.commonTlsContext?.tlsCertificateProviderInstance?.instanceName, 'files');
  const trust = context.commonTlsContext.validationContext;
  assert.equal(trust?.caCertificateProviderInstance?.instanceName, 'files');
  assert.deepEqual(
    trust.matchSubjectAltNames.map(({ exact }) => exact),
    ['cart'],
  );
  assert.equal(
    cluster.references.some(({ typeUrl }) => typeUrl.endsWith('.Secret')),
    false,
  );
});
