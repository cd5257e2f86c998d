import { nameSchema } from '@heddle/shared/model/field-formats';
import { HttpRouteSchema, HttpRouteSpecSchema } from '@heddle/shared/model/http-route';
import { routeCollection } from '@heddle/shared/model/object-key';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { registerObjectRoutes } from './object-routes.ts';

/** `/v1/routes` */
export const routesPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  registerObjectRoutes(app, registry, {
    kind: 'HTTPRoute',
    tag: 'routes',
    path: '/v1/routes/:name',
    params: Type.Object({ name: nameSchema('Name of the route.') }),
    schema: HttpRouteSchema,
    specSchema: HttpRouteSpecSchema,
    toMetadata: ({ name = '' }) => ({ name }),
    toCollection: () => routeCollection,
  });
  done();
};
