import { collectionOf, keyOf } from '@heddle/shared/model/object-key';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { Step } from './mesh-model.ts';

/** A step as the HTTP request that makes it. */
export interface StepRequest {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

export function toRequest(step: Step): StepRequest {
  switch (step.kind) {
    case 'put':
      return {
        method: 'PUT',
        path: pathOfKey(keyOf(step.object)),
        contentType: 'application/json',
        body: JSON.stringify(step.object),
      };
    case 'apply':
      return {
        method: 'POST',
        path: '/v1/apply',
        contentType: 'application/yaml',
        body: toDocuments(step.objects),
      };
    case 'delete':
      return { method: 'DELETE', path: pathOfKey(step.key) };
    case 'renew':
      return { method: 'POST', path: `${pathOfKey(step.key)}/renew` };
  }
}

/** `/v1/services/cart/instances/cart-1` for `instance/cart/cart-1`. */
export function pathOfKey(key: string): string {
  const collection = collectionOf(key);
  const name = key.slice(collection.length);
  if (collection === 'service/') return `/v1/services/${name}`;
  if (collection === 'route/') return `/v1/routes/${name}`;
  if (collection === 'policy/') return `/v1/policies/${name}`;
  return `/v1/services/${collection.slice('instance/'.length, -1)}/instances/${name}`;
}

/** JSON documents are YAML documents. */
export function toDocuments(objects: readonly MeshObject[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}
