import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf } from '@heddle/shared/model/object-key';
import { canonicalJson } from '@heddle/shared/model/parse-object';
import type { Rest } from '../harness/rest.ts';
import { modelOf, servicesOf, type MeshModel } from './mesh-model.ts';

/** Everything that a control plane has, read over REST. Not one moment's content while somebody writes. */
export async function readRegistry(rest: Rest): Promise<MeshModel> {
  const [services, routes, policies] = await Promise.all(
    ['/v1/services', '/v1/routes', '/v1/policies'].map((path) => readCollection(rest, path)),
  );
  const model = modelOf([...(services ?? []), ...(routes ?? []), ...(policies ?? [])]);
  const instances = await Promise.all(
    servicesOf(model).map(({ metadata }) => readCollection(rest, `/v1/services/${metadata.name}/instances`)),
  );
  return new Map([...model, ...modelOf(instances.flat())]);
}

async function readCollection(rest: Rest, path: string): Promise<MeshObject[]> {
  const { items } = (await rest.get(path)) as { items: (MeshObject & { readonly revision: number })[] };
  return items.map(({ revision: _revision, ...object }) => object);
}

/** What the registry lacks, has too much or has otherwise, one line for each object. Pure. */
export function differences(expected: MeshModel, actual: MeshModel): string[] {
  const textOf = (object: MeshObject | undefined): string =>
    object === undefined ? 'nothing' : canonicalJson(object);
  const keys = new Set([...expected.keys(), ...[...actual.values()].map(keyOf)]);
  return [...keys].sort().flatMap((key) => {
    const [wanted, found] = [textOf(expected.get(key)), textOf(actual.get(key))];
    return wanted === found ? [] : [`${key}: expected ${wanted}, found ${found}`];
  });
}
