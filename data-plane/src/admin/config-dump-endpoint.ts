import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { toProtoJson } from '@heddle/shared/xds/proto-json';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { compileRegex } from '@heddle/shared/lang/regex';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { ListenAddress } from '../config/model/address.ts';
import { jsonAnswer, textAnswer, type AdminAnswer, type AdminEndpoint } from './admin-server.ts';

/** A resource as it is kept: wire bytes, decoded only when somebody asks. */
export interface DumpedResource {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  /** Epoch ms. */
  readonly updatedAt: number;
  readonly isStatic: boolean;
  /** `envoy.admin.v3.ClientResourceStatus`; of what came over xDS only. */
  readonly clientStatus?: string | undefined;
  readonly error?: { readonly version: string; readonly message: string; readonly at: number } | undefined;
}

export interface ListenerDump {
  readonly name: string;
  readonly isStatic: boolean;
  readonly active: DumpedResource | undefined;
  readonly warming: DumpedResource | undefined;
  readonly boundAddress: ListenAddress | undefined;
  readonly error: DumpedResource['error'];
  readonly clientStatus?: string | undefined;
}

export interface ConfigDumpView {
  readonly bootstrap: { bytes(): Uint8Array; readonly loadedAt: number };
  clusters(): {
    readonly version: string;
    readonly active: readonly DumpedResource[];
    readonly warming: readonly DumpedResource[];
  };
  endpoints(): readonly DumpedResource[];
  listeners(): { readonly version: string; readonly listeners: readonly ListenerDump[] };
  routes(): readonly DumpedResource[];
  secrets(): {
    readonly static: readonly { readonly name: string; readonly bytes: Uint8Array }[];
    /** Without bytes: it has not come. */
    readonly dynamic: readonly {
      readonly name: string;
      readonly updatedAt: number;
      readonly version?: string;
      readonly bytes?: Uint8Array;
      readonly error?: DumpedResource['error'];
      readonly clientStatus?: string | undefined;
    }[];
  };
}

interface Section {
  readonly '@type': string;
  readonly [field: string]: unknown;
}

const dumpType = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`;

/** `/config_dump`: everything that is configured, as `envoy.admin.v3.ConfigDump` in JSON. */
export function createConfigDumpEndpoint(api: XdsApi, view: ConfigDumpView): AdminEndpoint {
  const toJson = (typeUrl: string, value: Uint8Array): unknown =>
    toProtoJson(api, 'google.protobuf.Any', { typeUrl, value }, { spelling: 'proto', shouldRedact: true });

  function dumpResource(field: string, typeUrl: string, resource: DumpedResource): Record<string, unknown> {
    return {
      ...(resource.version === '' ? {} : { version_info: resource.version }),
      [field]: toJson(typeUrl, resource.bytes),
      last_updated: toTimestamp(resource.updatedAt),
      ...errorState(resource.error),
      ...clientStatus(resource.clientStatus),
    };
  }

  function dumpAll(
    field: string,
    typeUrl: string,
    resources: readonly DumpedResource[],
  ): Record<string, unknown>[] {
    return resources.map((resource) => dumpResource(field, typeUrl, resource));
  }

  function dumpListener({
    name,
    active,
    warming,
    error,
    clientStatus: status,
  }: ListenerDump): Record<string, unknown> {
    return {
      name,
      ...(active === undefined ? {} : { active_state: dumpResource('listener', typeUrls.listener, active) }),
      ...(warming === undefined
        ? {}
        : { warming_state: dumpResource('listener', typeUrls.listener, warming) }),
      ...errorState(error),
      ...clientStatus(status),
    };
  }

  /** Keys, passwords and the like are written as `[redacted]`. Absent when there are no secrets. */
  function secretsSection(): Section[] {
    const secrets = view.secrets();
    if (secrets.static.length + secrets.dynamic.length === 0) return [];
    const dynamic = secrets.dynamic.map(
      ({ name, updatedAt, version, bytes, error, clientStatus: status }) => ({
        name,
        isActive: bytes !== undefined,
        entry: {
          name,
          ...(version === '' ? {} : { version_info: version ?? 'uninitialized' }),
          last_updated: toTimestamp(updatedAt),
          secret: bytes === undefined ? { '@type': typeUrls.secret, name } : toJson(typeUrls.secret, bytes),
          ...errorState(error),
          ...clientStatus(status),
        },
      }),
    );
    const entries = (isActive: boolean) =>
      dynamic.filter((one) => one.isActive === isActive).map(({ entry }) => entry);
    return [
      {
        '@type': dumpType('SecretsConfigDump'),
        ...listOf(
          'static_secrets',
          secrets.static.map(({ name, bytes }) => ({ name, secret: toJson(typeUrls.secret, bytes) })),
        ),
        ...listOf('dynamic_active_secrets', entries(true)),
        ...listOf('dynamic_warming_secrets', entries(false)),
      },
    ];
  }

  function sections(includeEndpoints: boolean): Section[] {
    const clusters = view.clusters();
    const { version, listeners } = view.listeners();
    const routes = view.routes();
    const endpoints: Section = {
      '@type': dumpType('EndpointsConfigDump'),
      dynamic_endpoint_configs: dumpAll('endpoint_config', typeUrls.clusterLoadAssignment, view.endpoints()),
    };
    return [
      {
        '@type': dumpType('BootstrapConfigDump'),
        bootstrap: withoutType(
          toJson('type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap', view.bootstrap.bytes()),
        ),
        last_updated: toTimestamp(view.bootstrap.loadedAt),
      },
      {
        '@type': dumpType('ClustersConfigDump'),
        ...(clusters.version === '' ? {} : { version_info: clusters.version }),
        ...listOf(
          'static_clusters',
          dumpAll(
            'cluster',
            typeUrls.cluster,
            clusters.active.filter(({ isStatic }) => isStatic),
          ),
        ),
        ...listOf(
          'dynamic_active_clusters',
          dumpAll(
            'cluster',
            typeUrls.cluster,
            clusters.active.filter(({ isStatic }) => !isStatic),
          ),
        ),
        ...listOf('dynamic_warming_clusters', dumpAll('cluster', typeUrls.cluster, clusters.warming)),
      },
      ...(includeEndpoints ? [endpoints] : []),
      {
        '@type': dumpType('ListenersConfigDump'),
        ...(version === '' ? {} : { version_info: version }),
        ...listOf(
          'static_listeners',
          listeners.flatMap(({ isStatic, active }) =>
            isStatic && active !== undefined ? [dumpResource('listener', typeUrls.listener, active)] : [],
          ),
        ),
        ...listOf('dynamic_listeners', listeners.filter(({ isStatic }) => !isStatic).map(dumpListener)),
      },
      {
        '@type': dumpType('RoutesConfigDump'),
        ...listOf(
          'static_route_configs',
          dumpAll(
            'route_config',
            typeUrls.routeConfiguration,
            routes.filter(({ isStatic }) => isStatic),
          ),
        ),
        ...listOf(
          'dynamic_route_configs',
          dumpAll(
            'route_config',
            typeUrls.routeConfiguration,
            routes.filter(({ isStatic }) => !isStatic),
          ),
        ),
      },
      ...secretsSection(),
    ];
  }

  return {
    path: '/config_dump',
    help: 'print the configuration (?resource=dynamic_listeners, ?name_regex=, ?include_eds)',
    isMutating: false,
    handle: (query) => answer(sections(query.has('include_eds')), query),
  };
}

function answer(sections: readonly Section[], query: URLSearchParams): AdminAnswer {
  const resource = query.get('resource');
  const nameRegex = query.get('name_regex');
  let configs: unknown[] = [...sections];
  if (resource !== null) {
    const section = sections.find((candidate) => Array.isArray(candidate[resource]));
    if (section === undefined) return textAnswer(`${resource} not found in config dump\n`, 404);
    configs = section[resource] as unknown[];
  }
  if (nameRegex === null) return jsonAnswer({ configs });
  try {
    const regex = compileRegex(nameRegex);
    return jsonAnswer({
      configs:
        resource === null
          ? configs.map((config) => keepNamed(config, regex))
          : configs.filter((config) => isNamed(config, regex)),
    });
  } catch (error) {
    return textAnswer(`name_regex '${nameRegex}' is not a regular expression: ${messageOf(error)}\n`, 400);
  }
}

type Matcher = ReturnType<typeof compileRegex>;

/** A section with only the entries whose resource has such a name. */
function keepNamed(section: unknown, regex: Matcher): unknown {
  return Object.fromEntries(
    Object.entries(section as object).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? value.filter((entry) => isNamed(entry, regex)) : value,
    ]),
  );
}

function isNamed(entry: unknown, regex: Matcher): boolean {
  const name = nameOf(entry);
  return name !== undefined && regex.matchesFully(name);
}

/** The name stands in the entry (listeners) or in the one resource that it holds. */
function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const own = entry as Record<string, unknown>;
  const found = own['name'] ?? own['cluster_name'];
  if (typeof found === 'string') return found;
  for (const field of ['cluster', 'listener', 'route_config', 'endpoint_config']) {
    const name = nameOf(own[field]);
    if (name !== undefined) return name;
  }
  return undefined;
}

function errorState(error: DumpedResource['error']): Record<string, unknown> {
  if (error === undefined) return {};
  return {
    error_state: {
      details: error.message,
      last_update_attempt: toTimestamp(error.at),
      ...(error.version === '' ? {} : { version_info: error.version }),
    },
  };
}

function clientStatus(status: string | undefined): Record<string, string> {
  return status === undefined ? {} : { client_status: status };
}

function listOf(field: string, entries: readonly unknown[]): Record<string, unknown> {
  return entries.length === 0 ? {} : { [field]: entries };
}

function withoutType(json: unknown): unknown {
  const { '@type': _type, ...rest } = json as Record<string, unknown>;
  return rest;
}

function toTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
