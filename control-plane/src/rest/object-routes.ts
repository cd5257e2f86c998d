import type { ErrorCode } from '@heddle/shared/errors/error-catalogue';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { describeKey, keyOf } from '@heddle/shared/model/object-key';
import type { ReferenceProblem } from '@heddle/shared/model/references';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { Type, type TObject, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { applyChanges, type RequestedChange } from '../registry/apply-changes.ts';
import type { Registry, StoredObject, WriteResult } from '../registry/registry.ts';
import {
  isNotModified,
  revisionMismatch,
  toEtag,
  toExpectedRevision,
  type PreconditionHeaders,
} from './etag.ts';
import { parseBody, problemsOfBody } from './parse-body.ts';
import { problemResponses } from './problem-document.ts';
import { storedDocumentSchema, storedListSchema, toShown, toStoredDocument } from './stored-document.ts';

export type PathParams = Readonly<Record<string, string>>;

/** How one kind of object shows in the API. */
export interface ObjectRoutes {
  readonly kind: MeshObject['kind'];
  readonly tag: string;
  /** Path of one object; without its last segment it is the collection. */
  readonly path: string;
  readonly params: TObject;
  readonly collectionParams?: TObject;
  readonly schema: TObject;
  readonly specSchema: TSchema;
  readonly toMetadata: (params: PathParams) => MeshObject['metadata'];
  /** Prefix of the keys in the collection; throws `not-found` when there is no such collection. */
  readonly toCollection: (params: PathParams) => string;
}

const PreconditionSchema = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'ETag that the object must have, or "*".' })),
  'if-none-match': Type.Optional(Type.String({ description: '"*": the object must not exist.' })),
});

/** GET of the collection; GET, PUT and DELETE of one object. */
export function registerObjectRoutes(app: FastifyInstance, registry: Registry, routes: ObjectRoutes): void {
  const { kind, tag, path, params, schema, specSchema, toMetadata, toCollection } = routes;
  const collectionPath = path.slice(0, path.lastIndexOf('/'));
  const stored = storedDocumentSchema(schema);
  const keyOfParams = (values: PathParams): string =>
    keyOf({ kind, metadata: toMetadata(values) } as MeshObject);

  app.get<{ Params: PathParams }>(
    collectionPath,
    {
      schema: {
        tags: [tag],
        summary: `Lists all of kind ${kind}`,
        ...(routes.collectionParams === undefined ? {} : { params: routes.collectionParams }),
        response: { 200: storedListSchema(schema), ...problemResponses('registry-unavailable') },
      },
    },
    (request) => {
      const items = registry.list(toCollection(request.params)).map(toStoredDocument);
      return Promise.resolve({ items, revision: revisionOf(registry) });
    },
  );

  app.get<{ Params: PathParams; Headers: PreconditionHeaders }>(
    path,
    {
      schema: {
        tags: [tag],
        summary: `Reads one ${kind}`,
        params,
        response: { 200: stored, ...problemResponses('invalid-input', 'not-found', 'registry-unavailable') },
      },
    },
    async (request, reply) => {
      const object = getObject(registry, keyOfParams(request.params));
      void reply.header('etag', toEtag(object.modifyRevision));
      if (!isNotModified(request.headers['if-none-match'], object.modifyRevision))
        return toStoredDocument(object);
      return reply.code(304).send();
    },
  );

  app.put<{ Params: PathParams; Headers: PreconditionHeaders }>(
    path,
    {
      config: { problemsOfBody: (body) => problemsOfBody(body, kind, specSchema) },
      schema: {
        tags: [tag],
        summary: `Creates or replaces one ${kind}`,
        description: `The body is the spec alone, or a whole document of kind ${kind} with the name of the path.`,
        consumes: ['application/json'],
        params,
        headers: PreconditionSchema,
        body: Type.Union([specSchema, schema]),
        response: { 200: stored, 201: stored, ...writeProblems() },
      },
    },
    async (request, reply) => {
      const metadata = toMetadata(request.params);
      const { object, revision, toBodyPointer } = parseBody(request.body, { kind, metadata, specSchema });
      const key = keyOf(object);
      const expectedRevision =
        toExpectedRevision(request.headers, key, registry.get(key)?.modifyRevision ?? 0) ?? revision;
      const change: RequestedChange = {
        kind: 'put',
        object,
        ...(expectedRevision === undefined ? {} : { expectedRevision }),
      };
      const result = await makeChange(registry, change, toBodyPointer);
      return answerPut(reply, object, result, request.url);
    },
  );

  app.delete<{ Params: PathParams; Headers: PreconditionHeaders }>(
    path,
    {
      schema: {
        tags: [tag],
        summary: `Deletes one ${kind}`,
        params,
        headers: PreconditionSchema,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...writeProblems('not-found') },
      },
    },
    async (request, reply) => {
      const key = keyOfParams(request.params);
      const expectedRevision = toExpectedRevision(
        request.headers,
        key,
        registry.get(key)?.modifyRevision ?? 0,
      );
      const change = {
        kind: 'delete' as const,
        key,
        ...(expectedRevision === undefined ? {} : { expectedRevision }),
      };
      const result = await makeChange(registry, change, () => '');
      if (result.outcome === 'absent') throw notFound(key);
      return reply.code(204).send();
    },
  );
}

function writeProblems(...more: readonly ErrorCode[]) {
  return problemResponses(
    'invalid-input',
    'unknown-reference',
    'conflict',
    'revision-mismatch',
    'registry-unavailable',
    ...more,
  );
}

export function getObject(registry: Registry, key: string): StoredObject {
  const object = registry.get(key);
  if (object === undefined) throw notFound(key);
  return object;
}

export function notFound(key: string): HeddleError {
  return new HeddleError('not-found', `there is no ${describeKey(key)}`);
}

function revisionOf(registry: Registry): number {
  const status = registry.status();
  return 'revision' in status ? status.revision : 0;
}

async function makeChange(
  registry: Registry,
  change: RequestedChange,
  toBodyPointer: (pointer: string) => string,
): Promise<WriteResult> {
  const result = await applyChanges(registry, [change]);
  switch (result.kind) {
    case 'mismatch':
      throw revisionMismatch(result.key, result.actualRevision);
    case 'refused': {
      const problems = result.problems.map(({ path, message }) => ({ path: toBodyPointer(path), message }));
      throw new InvalidInputError(problems, refusalCode(result.problems));
    }
    case 'applied': {
      const [write] = result.results;
      if (write === undefined) throw new HeddleError('internal', 'the registry did not say what it wrote');
      return write;
    }
  }
}

/** What is missing comes first: it can be created, while a conflict may then look different. */
export function refusalCode(problems: readonly ReferenceProblem[]): 'unknown-reference' | 'conflict' {
  return problems.some((problem) => problem.kind === 'missing') ? 'unknown-reference' : 'conflict';
}

function answerPut(reply: FastifyReply, object: MeshObject, write: WriteResult, url: string): object {
  void reply.header('etag', toEtag(write.revision));
  if (write.outcome === 'created') void reply.code(201).header('location', url.split('?', 1)[0] ?? url);
  return { ...toShown(object), revision: write.revision };
}
