import { Type, type Static } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';

const count = (description: string) => Type.Integer({ description });

const ClusterLoadSchema = Type.Object({
  cluster: Type.String({ description: 'A service, or `<service>|version=<version>`.' }),
  issuedCount: count('Requests that were sent to instances, since the start of this control plane.'),
  successCount: count('Those that were answered, and not with an error.'),
  errorCount: count('Those that failed, or were answered with an error.'),
  droppedCount: count('Requests for which there was no room.'),
  inProgressCount: count('Under way when proxies reported last.'),
  requestsPerSecond: Type.Number({ description: 'Over the last interval of each proxy.' }),
  proxyCount: count('Proxies that report this cluster now.'),
  reportedAt: Type.Integer({ description: 'When the last report came. Epoch milliseconds.' }),
});

export type LoadSource = () => readonly Static<typeof ClusterLoadSchema>[];

/** `/v1/loads`: what proxies report of the load that they send to clusters (LRS) */
export const loadsPlugin: FastifyPluginCallback<{ readonly loads: LoadSource }> = (app, { loads }, done) => {
  app.get(
    '/v1/loads',
    {
      schema: {
        tags: ['proxies'],
        summary: 'Lists the load on each cluster, as proxies report it to this control plane',
        response: { 200: Type.Object({ items: Type.Array(ClusterLoadSchema) }) },
      },
    },
    () => Promise.resolve({ items: [...loads()] }),
  );
  done();
};
