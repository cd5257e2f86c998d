import { nameSchema } from '@heddle/shared/model/field-formats';
import { serviceCollection } from '@heddle/shared/model/object-key';
import { ServiceSchema, ServiceSpecSchema } from '@heddle/shared/model/service';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { registerObjectRoutes } from './object-routes.ts';

/** `/v1/services` */
export const servicesPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  registerObjectRoutes(app, registry, {
    kind: 'Service',
    tag: 'services',
    path: '/v1/services/:service',
    params: Type.Object({ service: nameSchema('Name of the service.') }),
    schema: ServiceSchema,
    specSchema: ServiceSpecSchema,
    toMetadata: ({ service = '' }) => ({ name: service }),
    toCollection: () => serviceCollection,
  });
  done();
};
