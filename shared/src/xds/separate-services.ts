import { typeUrls, type ResourceTypeUrl } from './type-urls.ts';

/** The discovery service of one type. */
export interface SeparateService {
  readonly typeUrl: ResourceTypeUrl;
  readonly service: string;
  /** Streams in state of the world; virtual hosts have none. */
  readonly stream?: string;
  readonly delta: string;
  /** One request, one response; over HTTP it is `POST` to `path`. */
  readonly fetch?: { readonly method: string; readonly path: string };
}

/** As the API declares them, with the paths of their `google.api.http` rules. */
export const separateServices: readonly SeparateService[] = [
  serviceOf(typeUrls.listener, 'listener.v3.Listener', 'Listeners', 'listeners'),
  serviceOf(typeUrls.routeConfiguration, 'route.v3.Route', 'Routes', 'routes'),
  serviceOf(typeUrls.scopedRouteConfiguration, 'route.v3.ScopedRoutes', 'ScopedRoutes', 'scoped-routes'),
  {
    typeUrl: typeUrls.virtualHost,
    service: 'envoy.service.route.v3.VirtualHostDiscoveryService',
    delta: 'DeltaVirtualHosts',
  },
  serviceOf(typeUrls.cluster, 'cluster.v3.Cluster', 'Clusters', 'clusters'),
  serviceOf(typeUrls.clusterLoadAssignment, 'endpoint.v3.Endpoint', 'Endpoints', 'endpoints'),
  serviceOf(typeUrls.secret, 'secret.v3.Secret', 'Secrets', 'secrets'),
  serviceOf(typeUrls.runtime, 'runtime.v3.Runtime', 'Runtime', 'runtime'),
  serviceOf(
    typeUrls.extensionConfig,
    'extension.v3.ExtensionConfig',
    'ExtensionConfigs',
    'extension_configs',
  ),
];

function serviceOf(typeUrl: ResourceTypeUrl, service: string, what: string, path: string): SeparateService {
  return {
    typeUrl,
    service: `envoy.service.${service}DiscoveryService`,
    stream: `Stream${what}`,
    delta: `Delta${what}`,
    fetch: { method: `Fetch${what}`, path: `/v3/discovery:${path}` },
  };
}
