import type { FastifyInstance } from 'fastify';
import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import { closedObject } from '@heddle/shared/model/schema';
import { validate } from '@heddle/shared/model/validate';
import type { TSchema } from '@sinclair/typebox';
import { malformedJson } from './error-handler.ts';
import type { RequestProblem } from './problem-document.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What is wrong with the body of a request whose other parts are wrong too; else its handler says so. */
    readonly problemsOfBody?: (body: unknown) => readonly Problem[];
  }
}

/**
 * Replaces Fastify's validation, which ends with the first part that is wrong, by the model's: REST and files get
 * the same messages, and all of them. Bodies are left to the handlers: what is valid depends on whether they hold a
 * document or only its spec.
 */
export function installRequestValidation(app: FastifyInstance): void {
  app.setValidatorCompiler(() => (data: unknown) => ({ value: data }));
  app.addHook('preHandler', (request, _reply, done) => {
    const { schema, config } = request.routeOptions;
    const problems = [
      ...problemsOf('path', schema?.params, request.params),
      ...problemsOf('query', schema?.querystring, request.query),
      ...problemsOf('headers', schema?.headers, request.headers),
    ];
    if (problems.length === 0) done();
    else done(new InvalidInputError([...problems, ...(config.problemsOfBody?.(request.body) ?? [])]));
  });
  // A misspelled `dryRun` must not become a write.
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/')) return;
    route.schema = { querystring: closedObject({}), ...route.schema };
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(String(body)));
    } catch (thrown) {
      done(malformedJson(thrown, String(body)));
    }
  });
}

function problemsOf(part: RequestProblem['in'], schema: unknown, data: unknown): readonly RequestProblem[] {
  if (schema === undefined) return [];
  return validate(schema as TSchema, data).map((problem) => ({ ...problem, in: part }));
}
