import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';
import { problemResponses } from './problem-document.ts';
import { ProxyStatusSchema, type ProxyStatusSource } from './proxy-status.ts';

/** `/v1/proxies`: who runs which version of what, who refused it and why */
export const proxiesPlugin: FastifyPluginCallback<{ readonly proxies: ProxyStatusSource }> = (
  app,
  { proxies },
  done,
) => {
  app.get(
    '/v1/proxies',
    {
      schema: {
        tags: ['proxies'],
        summary: 'Lists the proxies that are, or lately were, connected to this control plane',
        response: { 200: Type.Object({ items: Type.Array(ProxyStatusSchema) }) },
      },
    },
    () => Promise.resolve({ items: proxies.list() }),
  );

  app.get<{ Params: { readonly node: string } }>(
    '/v1/proxies/:node',
    {
      schema: {
        tags: ['proxies'],
        summary: 'Reads the status of one proxy',
        params: Type.Object({ node: Type.String({ description: 'Node id.', minLength: 1 }) }),
        response: { 200: ProxyStatusSchema, ...problemResponses('not-found') },
      },
    },
    (request) => {
      const status = proxies.get(request.params.node);
      if (status !== undefined) return Promise.resolve(status);
      throw new HeddleError(
        'not-found',
        `no proxy with node id ${JSON.stringify(request.params.node)} is connected`,
      );
    },
  );
  done();
};
