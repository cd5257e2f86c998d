import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { InstanceIdSchema, nameSchema } from '@heddle/shared/model/field-formats';
import { InstanceSchema, InstanceSpecSchema } from '@heddle/shared/model/instance';
import { describeKey, instanceCollection, instanceKey, serviceKey } from '@heddle/shared/model/object-key';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { getObject, notFound, registerObjectRoutes, type PathParams } from './object-routes.ts';
import { problemResponses } from './problem-document.ts';

const path = '/v1/services/:service/instances/:id';
const service = nameSchema('Name of the service.');
const params = Type.Object({ service, id: InstanceIdSchema });

/** `/v1/services/{service}/instances`, and the heartbeat of an instance */
export const instancesPlugin: FastifyPluginCallback<{ readonly registry: Registry }> = (
  app,
  { registry },
  done,
) => {
  registerObjectRoutes(app, registry, {
    kind: 'Instance',
    tag: 'instances',
    path,
    params,
    collectionParams: Type.Object({ service }),
    schema: InstanceSchema,
    specSchema: InstanceSpecSchema,
    toMetadata: ({ service: name = '', id = '' }) => ({ name: id, service: name }),
    toCollection: ({ service: name = '' }) => {
      getObject(registry, serviceKey(name));
      return instanceCollection(name);
    },
  });

  app.post<{ Params: PathParams }>(
    `${path}/renew`,
    {
      schema: {
        tags: ['instances'],
        summary: 'Heartbeat: starts the lease of the instance anew',
        description: 'Answers 404 for an instance that is gone; it has to be registered again then.',
        params,
        response: {
          204: Type.Null({ description: 'Renewed.' }),
          ...problemResponses('not-found', 'no-lease', 'registry-unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { service: name = '', id = '' } = request.params;
      const key = instanceKey(name, id);
      const result = await registry.renew(key);
      if (result.kind === 'absent') throw notFound(key);
      if (result.kind === 'unleased')
        throw new HeddleError('no-lease', `${describeKey(key)} has no lease to renew`);
      return reply.code(204).send();
    },
  );
  done();
};
