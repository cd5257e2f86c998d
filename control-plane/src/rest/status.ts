import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { nameSchema } from '@heddle/shared/model/field-formats';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import { problemResponses } from './problem-document.ts';

export interface SnapshotCounts {
  readonly publishCount: number;
  readonly rejectedCount: number;
}

export interface StatusOptions {
  readonly registry: Registry;
  readonly snapshots: () => SnapshotCounts;
}

const epochMs = (description: string) => Type.Integer({ description: `${description} Epoch milliseconds.` });

const StatusSchema = Type.Object({
  registry: Type.Object({
    state: Type.String({ description: 'available, unavailable, loading or closed.' }),
    revision: Type.Optional(Type.Integer({ description: 'What reads and proxies are served.' })),
    reason: Type.Optional(Type.String({ description: 'Why writes are refused.' })),
    since: Type.Optional(epochMs('Since when.')),
    lastRefill: Type.Optional(
      Type.Object(
        {
          count: Type.Integer({ description: 'How often since the start.' }),
          at: epochMs('When it happened last.'),
          objectCount: Type.Integer(),
        },
        { description: 'The store had lost data, and this control plane gave it back.' },
      ),
    ),
  }),
  held: Type.Array(
    Type.Object({
      service: Type.String(),
      instances: Type.Array(Type.String(), { description: 'Ids of those that are kept.' }),
      totalCount: Type.Integer({ description: 'Instances of the service, with those.' }),
      since: epochMs('Since when.'),
    }),
    {
      description:
        'Instances whose leases ran out and that are kept, because most of their service would go at once.',
    },
  ),
  snapshots: Type.Object({
    publishCount: Type.Integer({ description: 'Since the start.' }),
    rejectedCount: Type.Integer({ description: 'Candidates that were dropped since the start.' }),
  }),
});

const AcceptedSchema = Type.Object({
  instanceCount: Type.Integer({ description: 'Instances that go.' }),
});

/** `/v1/status`: what this control plane holds back and why; and the two operations that let it go */
export const statusPlugin: FastifyPluginCallback<StatusOptions> = (app, { registry, snapshots }, done) => {
  app.get(
    '/v1/status',
    {
      schema: {
        tags: ['status'],
        summary: 'The state of the registry, and what is held back',
        response: { 200: StatusSchema },
      },
    },
    () => {
      const { kind: state, ...rest } = registry.status();
      const { publishCount, rejectedCount } = snapshots();
      return Promise.resolve({
        registry: { state, ...rest },
        held: registry.held(),
        snapshots: { publishCount, rejectedCount },
      });
    },
  );

  app.post<{ Params: { readonly service: string } }>(
    '/v1/services/:service/accept-loss',
    {
      schema: {
        tags: ['status'],
        summary: 'Lets the held instances of a service go',
        description: 'Only those whose leases have run out; one that was renewed meanwhile stays.',
        params: Type.Object({ service: nameSchema('Name of the service.') }),
        response: {
          200: AcceptedSchema,
          ...problemResponses('invalid-input', 'not-found', 'registry-unavailable'),
        },
      },
    },
    async (request) => {
      const { service } = request.params;
      const instanceCount = await registry.acceptLoss(service);
      if (instanceCount === 0) throw new HeddleError('not-found', `no instances of "${service}" are held`);
      return { instanceCount };
    },
  );

  app.post(
    '/v1/registry/accept-loss',
    {
      schema: {
        tags: ['status'],
        summary: 'Takes a store that was replaced by one with much less in it as it is',
        response: { 200: AcceptedSchema, ...problemResponses('not-found', 'registry-unavailable') },
      },
    },
    async () => {
      const instanceCount = await registry.acceptLoss();
      if (instanceCount === 0) throw new HeddleError('not-found', 'no store is held back');
      return { instanceCount };
    },
  );
  done();
};
