import { InvalidInputError, type Problem } from '../errors/problem.ts';
import { suggestion } from './did-you-mean.ts';
import { isMeshObjectKind, meshObjectKinds, meshObjectSchemas, type MeshObject } from './mesh-object.ts';
import { validate } from './validate.ts';

export type ParsedObject =
  { readonly object: MeshObject; readonly problems: readonly [] } | { readonly problems: readonly Problem[] };

/** Any value → a mesh object, deeply frozen, or everything that is wrong with it. */
export function checkMeshObject(value: unknown): ParsedObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problems: [{ path: '', message: 'expected an object with kind, metadata and spec' }] };
  }
  const kind: unknown = Object.hasOwn(value, 'kind') ? (value as { readonly kind: unknown }).kind : undefined;
  if (!isMeshObjectKind(kind)) return { problems: [kindProblem(kind)] };
  const problems = validate(meshObjectSchemas[kind], value);
  return problems.length > 0 ? { problems } : { object: deepFreeze(value as MeshObject), problems: [] };
}

/** As `checkMeshObject`; throws InvalidInputError with every problem. */
export function parseMeshObject(value: unknown): MeshObject {
  const parsed = checkMeshObject(value);
  if ('object' in parsed) return parsed.object;
  throw new InvalidInputError(parsed.problems);
}

function kindProblem(kind: unknown): Problem {
  if (kind === undefined)
    return { path: '/kind', message: `is required: one of ${meshObjectKinds.join(', ')}` };
  if (typeof kind !== 'string')
    return { path: '/kind', message: `expected one of ${meshObjectKinds.join(', ')}` };
  const shown = JSON.stringify(kind.slice(0, 80));
  return { path: '/kind', message: `unknown kind ${shown}${suggestion(kind, meshObjectKinds)}` };
}

/** Freezes a value of plain objects and lists, and everything below it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

/** JSON with sorted keys: equal objects have equal text, whatever the order in which their fields were written. */
export function canonicalJson(value: MeshObject): string {
  return JSON.stringify(value, (_key, child: unknown) => {
    if (typeof child !== 'object' || child === null || Array.isArray(child)) return child;
    return Object.fromEntries(Object.entries(child).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
