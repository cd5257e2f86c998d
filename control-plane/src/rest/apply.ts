import {
  InvalidDocumentsError,
  parseDocuments,
  type ParsedDocument,
} from '@heddle/shared/model/parse-documents';
import { keyOf } from '@heddle/shared/model/object-key';
import { closedObject, oneOf } from '@heddle/shared/model/schema';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import { applyChanges } from '../registry/apply-changes.ts';
import type { Registry } from '../registry/registry.ts';
import { revisionMismatch } from './etag.ts';
import { refusalCode } from './object-routes.ts';
import { problemResponses } from './problem-document.ts';

const contentTypes = [
  'application/yaml',
  'application/json',
  'application/x-yaml',
  'text/yaml',
  'text/plain',
];

const AppliedSchema = Type.Object({
  isDryRun: Type.Boolean(),
  revision: Type.Integer({ description: 'Revision of the registry afterwards.' }),
  objects: Type.Array(
    Type.Object({
      kind: Type.String(),
      name: Type.String(),
      service: Type.Optional(Type.String({ description: 'Of an instance.' })),
      outcome: oneOf(['created', 'changed', 'unchanged'], 'What became of it.'),
      revision: Type.Integer({ description: 'Revision that last changed it; in a dry run, until now.' }),
    }),
    { description: 'One for each document, in their order.' },
  ),
});

/** `POST /v1/apply`: any number of documents in one transaction. */
export const applyPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  // Text, whatever its type says: one parser reads YAML and JSON and knows the positions in both.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(contentTypes, { parseAs: 'string' }, (_request, body, parsed) =>
    parsed(null, body),
  );

  app.post<{ Body: string | undefined; Querystring: { readonly dryRun?: 'true' | 'false' } }>(
    '/v1/apply',
    {
      schema: {
        tags: ['apply'],
        summary: 'Creates or replaces several objects, all or none',
        description: 'The body holds YAML or JSON documents, separated by "---".',
        consumes: contentTypes,
        body: Type.String({ description: 'The documents.' }),
        querystring: closedObject({
          dryRun: Type.Optional(oneOf(['true', 'false'], 'Only says what would happen.', 'false')),
        }),
        response: {
          200: AppliedSchema,
          ...problemResponses('invalid-input', 'unknown-reference', 'conflict', 'registry-unavailable'),
        },
      },
    },
    async (request) => {
      const isDryRun = request.query.dryRun === 'true';
      const documents = parseDocuments(request.body ?? '');
      if (documents.length === 0) throw emptyBody();
      const changes = documents.map(({ object }) => ({ kind: 'put' as const, object }));
      const result = await applyChanges(registry, changes, { isDryRun });
      if (result.kind === 'mismatch') throw revisionMismatch(result.key, result.actualRevision);
      if (result.kind === 'refused') throw refusal(documents, result.problems);
      const objects = documents.map(({ object }, index) => {
        const write = result.results[index];
        if (write?.key !== keyOf(object))
          throw new Error('the registry did not answer in the order of the writes');
        return { kind: object.kind, ...object.metadata, outcome: write.outcome, revision: write.revision };
      });
      return { isDryRun, revision: result.revision, objects };
    },
  );
  done();
};

function emptyBody(): InvalidDocumentsError {
  const message = 'the body holds no document';
  return new InvalidDocumentsError([{ path: '', message, documentIndex: 0, line: 1, column: 1 }]);
}

function refusal(
  documents: readonly ParsedDocument[],
  problems: Parameters<typeof refusalCode>[0],
): InvalidDocumentsError {
  const placed = problems.flatMap(({ changeIndex, path, message }) => {
    const document = documents[changeIndex];
    return document === undefined ? [] : [{ path, message, ...document.locate(path) }];
  });
  return new InvalidDocumentsError(placed, refusalCode(problems));
}
