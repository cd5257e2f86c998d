import type { ControlPlane } from '../../harness/parts.ts';
import { resourceOf, type MatrixClient, type ResourceType } from './matrix-client.ts';

/** How a resource stands with a client, as the control plane's CSDS says. */
export interface ResourceState {
  /** `SYNCED`, `ERROR` …; absent: the client has none, and is to get none. */
  readonly status?: string;
  readonly version?: string;
  /** What the client said when it refused it. */
  readonly refusal?: string;
}

const typeNames: Readonly<Record<ResourceType, string>> = {
  LDS: 'envoy.config.listener.v3.Listener',
  RDS: 'envoy.config.route.v3.RouteConfiguration',
  CDS: 'envoy.config.cluster.v3.Cluster',
  EDS: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  SDS: 'envoy.extensions.transport_sockets.tls.v3.Secret',
};

interface ClientStatusAnswer {
  readonly config?: readonly {
    readonly node?: { readonly id?: string };
    readonly genericXdsConfigs?: readonly {
      readonly typeUrl?: string;
      readonly name?: string;
      readonly versionInfo?: string;
      readonly configStatus?: string;
      readonly errorState?: { readonly details?: string };
    }[];
  }[];
}

export type StateOf = (client: MatrixClient, type: ResourceType, service: string) => ResourceState;

/** All clients at once, as they stand now. */
export async function readStates({ rest }: ControlPlane): Promise<StateOf> {
  const { body } = await rest.send('POST', '/v3/discovery:client_status', { excludeResourceContents: true });
  const { config = [] } = JSON.parse(body) as ClientStatusAnswer;
  const states = new Map<string, ResourceState>();
  for (const { node, genericXdsConfigs = [] } of config) {
    for (const { typeUrl = '', name = '', versionInfo, configStatus, errorState } of genericXdsConfigs) {
      states.set(`${node?.id ?? ''} ${typeUrl.slice(typeUrl.indexOf('/') + 1)} ${name}`, {
        ...(configStatus === undefined ? {} : { status: configStatus }),
        ...(versionInfo === undefined ? {} : { version: versionInfo }),
        ...(errorState?.details === undefined ? {} : { refusal: errorState.details }),
      });
    }
  }
  return (client, type, service) => {
    const name = resourceOf(client, type, service);
    return states.get(`${client.node} ${typeNames[type]} ${name ?? ''}`) ?? {};
  };
}
