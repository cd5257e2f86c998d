/** The key of the field that names a resource; `name` for all types that are not here. */
const nameKeys: ReadonlyMap<string, string> = new Map([
  ['envoy.config.endpoint.v3.ClusterLoadAssignment', 'clusterName'],
]);

/** Name of a decoded resource; '' for messages without a name, such as an LbEndpoint. */
export function resourceName(typeName: string, resource: object): string {
  const name: unknown = (resource as Readonly<Record<string, unknown>>)[nameKeys.get(typeName) ?? 'name'];
  return typeof name === 'string' ? name : '';
}
