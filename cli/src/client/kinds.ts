import { suggestion } from '@heddle/shared/model/did-you-mean';
import { isRecord, type JsonRecord } from './json.ts';
import { instancePath, servicePath } from './object-path.ts';
import type { RestClient } from './rest-client.ts';
import { UsageError } from '../usage-error.ts';

/** A kind of mesh object as people type it. */
export type KindWord = 'service' | 'instance' | 'route' | 'policy' | 'secret';

const spellings: Readonly<Record<string, KindWord>> = {
  service: 'service',
  services: 'service',
  instance: 'instance',
  instances: 'instance',
  route: 'route',
  routes: 'route',
  httproute: 'route',
  httproutes: 'route',
  policy: 'policy',
  policies: 'policy',
  secret: 'secret',
  secrets: 'secret',
};

export const kindWords: readonly KindWord[] = ['service', 'instance', 'route', 'policy', 'secret'];
export const kindsHelp = 'service, instance, route, policy or secret; also in the plural';

/** Throws UsageError with a suggestion. */
export function parseKind(word: string): KindWord {
  const lowered = word.toLowerCase();
  const kind = Object.hasOwn(spellings, lowered) ? spellings[lowered] : undefined;
  if (kind !== undefined) return kind;
  throw new UsageError(`unknown kind "${word}"${suggestion(lowered, Object.keys(spellings))}`);
}

/** Path of one object. An instance is named `service/id`. Throws UsageError for an instance without a service. */
export function objectPath(kind: KindWord, name: string): string {
  switch (kind) {
    case 'service':
      return servicePath(name);
    case 'instance': {
      const slash = name.indexOf('/');
      if (slash < 1 || slash === name.length - 1) {
        throw new UsageError(`an instance is named service/id, for example cart/cart-1; got "${name}"`);
      }
      return instancePath(name.slice(0, slash), name.slice(slash + 1));
    }
    case 'route':
      return `/v1/routes/${encodeURIComponent(name)}`;
    case 'policy':
      return `/v1/policies/${encodeURIComponent(name)}`;
    case 'secret':
      return `/v1/secrets/${encodeURIComponent(name)}`;
  }
}

/** All objects of a kind, in the server's order. Instances are listed by service, one request for each. */
export async function listObjects(client: RestClient, kind: KindWord): Promise<readonly JsonRecord[]> {
  switch (kind) {
    case 'service':
      return itemsOf((await client.send({ path: '/v1/services' })).body);
    case 'route':
      return itemsOf((await client.send({ path: '/v1/routes' })).body);
    case 'policy':
      return itemsOf((await client.send({ path: '/v1/policies' })).body);
    case 'secret':
      return itemsOf((await client.send({ path: '/v1/secrets' })).body);
    case 'instance': {
      const services = await listObjects(client, 'service');
      const lists = await Promise.all(services.map((service) => listInstances(client, nameOf(service))));
      return lists.flat();
    }
  }
}

export async function listInstances(client: RestClient, service: string): Promise<readonly JsonRecord[]> {
  return itemsOf((await client.send({ path: `${servicePath(service)}/instances` })).body);
}

export function nameOf(object: JsonRecord): string {
  const { metadata } = object;
  return isRecord(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
}

function itemsOf(body: unknown): readonly JsonRecord[] {
  const items = isRecord(body) ? body['items'] : body;
  return Array.isArray(items) ? items.filter(isRecord) : [];
}
