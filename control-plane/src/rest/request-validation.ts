import type { FastifyInstance } from 'fastify';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { closedObject } from '@heddle/shared/model/schema';
import { validate } from '@heddle/shared/model/validate';
import type { TSchema } from '@sinclair/typebox';
import { malformedJson } from './error-handler.ts';
import type { RequestProblem } from './problem-document.ts';

const partNames = { params: 'path', querystring: 'query', headers: 'headers' } as const;

function isPart(httpPart: string | undefined): httpPart is keyof typeof partNames {
  return httpPart !== undefined && Object.hasOwn(partNames, httpPart);
}

/**
 * Replaces Fastify's validation by the model's, so that REST and files get the same messages and all of them.
 * Bodies are left to the handlers: what is valid depends on whether they hold a document or only its spec.
 */
export function installRequestValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => (data: unknown) => {
    if (!isPart(httpPart)) return { value: data };
    const part = partNames[httpPart];
    const problems: RequestProblem[] = validate(schema, data).map((problem) => ({ ...problem, in: part }));
    return problems.length === 0 ? { value: data } : { error: new InvalidInputError(problems) };
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
