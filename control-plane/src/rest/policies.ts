import { nameSchema } from '@heddle/shared/model/field-formats';
import { policyCollection } from '@heddle/shared/model/object-key';
import { PolicySchema, PolicySpecSchema } from '@heddle/shared/model/policy';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { registerObjectRoutes } from './object-routes.ts';

/** `/v1/policies` */
export const policiesPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  registerObjectRoutes(app, registry, {
    kind: 'Policy',
    tag: 'policies',
    path: '/v1/policies/:name',
    params: Type.Object({ name: nameSchema('Name of the policy.') }),
    schema: PolicySchema,
    specSchema: PolicySpecSchema,
    toMetadata: ({ name = '' }) => ({ name }),
    toCollection: () => policyCollection,
  });
  done();
};
