import { nameSchema } from '@heddle/shared/model/field-formats';
import { secretCollection } from '@heddle/shared/model/object-key';
import { SecretSchema, SecretSpecSchema } from '@heddle/shared/model/secret';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { registerObjectRoutes } from './object-routes.ts';

/** `/v1/secrets`. No answer holds a private key. */
export const secretsPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  registerObjectRoutes(app, registry, {
    kind: 'Secret',
    tag: 'secrets',
    path: '/v1/secrets/:name',
    params: Type.Object({ name: nameSchema('Name of the secret.') }),
    schema: SecretSchema,
    specSchema: SecretSpecSchema,
    toMetadata: ({ name = '' }) => ({ name }),
    toCollection: () => secretCollection,
  });
  done();
};
