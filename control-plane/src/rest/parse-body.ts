import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { checkMeshObject, deepFreeze, parseMeshObject } from '@heddle/shared/model/parse-object';
import { validate } from '@heddle/shared/model/validate';
import type { TSchema } from '@sinclair/typebox';

/** What a PUT says by its path about the object in its body. */
export interface ObjectIdentity {
  readonly kind: MeshObject['kind'];
  readonly metadata: MeshObject['metadata'];
  readonly specSchema: TSchema;
}

export interface ParsedBody {
  readonly object: MeshObject;
  /** From a whole document as a GET answered it: the revision that the client has seen. */
  readonly revision: number | undefined;
  /** JSON pointer in the object → JSON pointer in the body. */
  readonly toBodyPointer: (pointer: string) => string;
}

/**
 * The body of a PUT → the object. It is the spec alone, or a whole document (it has a `kind`, `metadata` or
 * `spec`) whose name must be the one of the path. Throws InvalidInputError with pointers into the body.
 */
export function parseBody(body: unknown, identity: ObjectIdentity): ParsedBody {
  if (isWholeDocument(body)) return parseDocument(body, identity);
  const { kind, metadata, specSchema } = identity;
  const problems = specProblems(body, specSchema);
  if (problems.length > 0) throw new InvalidInputError(problems);
  const hasBody = body !== undefined && body !== null;
  const document = !hasBody ? { kind, metadata } : { kind, metadata, spec: body };
  return {
    object: deepFreeze(document as MeshObject),
    revision: undefined,
    toBodyPointer: (pointer) => (pointer.startsWith('/spec') ? pointer.slice('/spec'.length) : ''),
  };
}

/** What is wrong with a body under a path that is wrong itself, so that they cannot be compared. */
export function problemsOfBody(
  body: unknown,
  kind: MeshObject['kind'],
  specSchema: TSchema,
): readonly Problem[] {
  return isWholeDocument(body) ? documentProblems(body, kind) : specProblems(body, specSchema);
}

function specProblems(body: unknown, specSchema: TSchema): readonly Problem[] {
  // Fastify gives null for no body at all.
  return validate(specSchema, body ?? {});
}

function documentProblems(
  { revision, ...document }: Readonly<Record<string, unknown>>,
  kind: MeshObject['kind'],
): Problem[] {
  const problems: Problem[] = [];
  if (
    revision !== undefined &&
    !(typeof revision === 'number' && Number.isSafeInteger(revision) && revision > 0)
  ) {
    problems.push({ path: '/revision', message: 'expected the revision of a GET, or none' });
  }
  if (document['kind'] !== kind)
    problems.push({ path: '/kind', message: `must be "${kind}" under this path` });
  else problems.push(...checkMeshObject(document).problems);
  return problems;
}

function isWholeDocument(body: unknown): body is Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  // An instance's own `metadata` are its labels, so that word alone tells nothing.
  return Object.hasOwn(body, 'kind') || Object.hasOwn(body, 'spec');
}

function parseDocument(
  body: Readonly<Record<string, unknown>>,
  { kind, metadata }: ObjectIdentity,
): ParsedBody {
  const { revision, ...document } = body;
  const problems = documentProblems(body, kind);
  const given = document['metadata'];
  for (const [field, wanted] of Object.entries(metadata)) {
    const value =
      typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[field] : undefined;
    if (typeof value === 'string' && value !== wanted) {
      problems.push({ path: `/metadata/${field}`, message: `must be "${wanted}" as in the path` });
    }
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
  return {
    object: parseMeshObject(document),
    revision: typeof revision === 'number' ? revision : undefined,
    toBodyPointer: (pointer) => pointer,
  };
}
