import type { MeshObject, MeshObjectKind } from './mesh-object.ts';

/**
 * Keys of the registry: `service/<name>`, `instance/<service>/<id>`, `route/<name>`, `policy/<name>`,
 * `secret/<name>`. Names and ids hold no slash, so a key up to and with its last slash is its collection.
 */
export const serviceKey = (name: string): string => `service/${name}`;
export const instanceKey = (service: string, id: string): string => `instance/${service}/${id}`;
export const routeKey = (name: string): string => `route/${name}`;
export const policyKey = (name: string): string => `policy/${name}`;
export const secretKey = (name: string): string => `secret/${name}`;

export const serviceCollection = 'service/';
export const routeCollection = 'route/';
export const policyCollection = 'policy/';
export const secretCollection = 'secret/';
export const instanceCollection = (service: string): string => `instance/${service}/`;

export function keyOf(object: MeshObject): string {
  switch (object.kind) {
    case 'Service':
      return serviceKey(object.metadata.name);
    case 'Instance':
      return instanceKey(object.metadata.service, object.metadata.name);
    case 'HTTPRoute':
      return routeKey(object.metadata.name);
    case 'Policy':
      return policyKey(object.metadata.name);
    case 'Secret':
      return secretKey(object.metadata.name);
  }
}

/** `instance/cart/` for `instance/cart/1`. */
export function collectionOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** For messages: `HTTPRoute "shop"`, `Instance "cart/1"`. */
export function describeKey(key: string): string {
  const slash = key.indexOf('/');
  const kinds: Readonly<Record<string, MeshObjectKind>> = {
    service: 'Service',
    instance: 'Instance',
    route: 'HTTPRoute',
    policy: 'Policy',
    secret: 'Secret',
  };
  return `${kinds[key.slice(0, slash)] ?? key.slice(0, slash)} "${key.slice(slash + 1)}"`;
}
