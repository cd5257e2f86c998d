/** A resource before it is encoded, as far as this file reads it. */
interface Spoilable {
  readonly typeName: string;
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** No client accepts what comes out, but the rules of the API allow it. */
export function spoil<T extends Spoilable>(resource: T): T {
  const { typeName, name, value } = resource;
  const wrong = wrongPart(`${typeName.slice(typeName.lastIndexOf('.') + 1)} ${name}`, value);
  return wrong === undefined ? resource : { ...resource, value: { ...value, ...wrong } };
}

function wrongPart(
  what: string,
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  switch (what) {
    case 'Listener service|spoiled-listener':
      return { filterChains: [] };
    case 'Listener spoiled-listener':
      return {
        apiListener: {
          apiListener: { typeUrl: 'type.googleapis.com/google.protobuf.Empty', value: Buffer.alloc(0) },
        },
      };
    case 'RouteConfiguration service|spoiled-routes':
      return { virtualHosts: [hostWith({ safeRegex: { regex: '(' } })] };
    case 'RouteConfiguration api|spoiled-routes':
      return { virtualHosts: [hostWith({ connectMatcher: {} })] };
    case 'Cluster spoiled-cluster':
      return { edsClusterConfig: undefined };
    case 'ClusterLoadAssignment spoiled-endpoints':
      return { endpoints: [unreachable(value)] };
    default:
      return undefined;
  }
}

function hostWith(match: object): object {
  return { name: 'spoiled', domains: ['*'], routes: [{ match, route: { cluster: 'spoiled-routes' } }] };
}

/** No address, and of a priority before which one is missing: some clients look at this, some at that. */
function unreachable({ clusterName }: Readonly<Record<string, unknown>>): object {
  const address = { socketAddress: { address: `not an address of ${String(clusterName)}`, portValue: 1 } };
  return {
    locality: {},
    priority: 1,
    loadBalancingWeight: 1,
    lbEndpoints: [{ endpoint: { address }, loadBalancingWeight: 1 }],
  };
}
