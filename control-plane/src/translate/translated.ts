import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { ApiMessages } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { LeftOut } from './left-out.ts';

/** The resource types that translation makes, by the word used for them here. */
export const resourceTypeNames = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'envoy.config.listener.v3.Listener',
  routeTable: 'envoy.config.route.v3.RouteConfiguration',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
} as const satisfies Record<string, keyof ApiMessages>;

export type ResourceTypeName = (typeof resourceTypeNames)[keyof typeof resourceTypeNames];

/** Another resource that must exist for this one to work. */
export interface Reference {
  readonly typeUrl: string;
  readonly name: string;
}

/** A resource before it is encoded. */
export type Translated = {
  readonly [N in ResourceTypeName]: {
    readonly typeName: N;
    readonly name: string;
    readonly value: MessageInit<ApiMessages[N]>;
    readonly references: readonly Reference[];
    /** What the client that gets it would refuse, or would not do. */
    readonly leftOut?: readonly LeftOut[];
  };
}[ResourceTypeName];

export type TranslatedOf<N extends ResourceTypeName> = Extract<Translated, { readonly typeName: N }>;

export function referTo(
  kind: 'cluster' | 'clusterLoadAssignment' | 'routeConfiguration' | 'secret',
  name: string,
): Reference {
  return { typeUrl: typeUrls[kind], name };
}
