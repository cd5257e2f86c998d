import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { pathOfKey } from '../changes/step-request.ts';
import { readRegistry } from '../changes/registry-content.ts';
import { initialObjects } from '../changes/surroundings.ts';
import { modelOf, type MeshModel } from '../changes/mesh-model.ts';
import { service } from '../harness/objects.ts';
import type { Rest } from '../harness/rest.ts';
import { withMarker } from '../load/marker.ts';
import { writtenService, type SoakMesh } from './soak-mesh.ts';

/** As long for every round, so that the mesh is as large. */
export const markOf = (round: number): string => `round-${String(round).padStart(5, '0')}`;

/** What the registry holds, without the mark that a round before left on routes that were not changed since. */
export function withoutMark(model: MeshModel, mark: string): MeshModel {
  return new Map(
    [...model].map(([key, object]): [string, MeshObject] => {
      if (object.kind !== 'HTTPRoute') return [key, object];
      const rules = object.spec.rules.map(({ filters = [], ...rule }) => {
        const others = filters.filter((filter) => !JSON.stringify(filter).includes(JSON.stringify(mark)));
        return others.length === 0 ? rule : { ...rule, filters: others };
      });
      return [key, { ...object, spec: { ...object.spec, rules } }];
    }),
  );
}

/** What names others goes first. */
const order = ['route/', 'policy/', 'instance/', 'service/'];

/** Makes the mesh what it was at first, but for the mark of its routes. Can be repeated when it fails half-way. */
export async function restoreBase(
  rest: Rest,
  {
    keptServices,
    backendPorts,
    loadedPorts,
  }: Pick<SoakMesh, 'keptServices' | 'backendPorts' | 'loadedPorts'>,
  mark: string,
): Promise<void> {
  const base = initialObjects({ keptServices, backendPorts, ownPorts: loadedPorts, extraServices: [] }).map(
    (object) => (object.kind === 'HTTPRoute' ? withMarker(object, mark) : object),
  );
  await rest.apply(...base, service(writtenService));
  const wanted = modelOf([...base, service(writtenService)]);
  const surplus = [...(await readRegistry(rest)).keys()].filter(
    (key) => !wanted.has(key) && !key.startsWith(`instance/${writtenService}/`),
  );
  for (const prefix of order) {
    for (const key of surplus.filter((candidate) => candidate.startsWith(prefix)))
      await rest.delete(pathOfKey(key));
  }
}
