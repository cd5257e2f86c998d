import { separateServices } from '@heddle/shared/xds/separate-services';
import type { FastifyPluginCallback } from 'fastify';

/** Answers a poll: JSON of a DiscoveryRequest → JSON of a DiscoveryResponse; undefined: nothing changed. */
export type DiscoveryPoll = (typeUrl: string, request: unknown) => unknown;

/** `POST /v3/discovery:clusters` and so on: xDS for clients that poll, as Envoy's `api_type: REST`. */
export const discoveryPlugin: FastifyPluginCallback<{ readonly discovery: DiscoveryPoll }> = (
  app,
  { discovery },
  done,
) => {
  for (const { fetch, typeUrl } of separateServices) {
    if (fetch === undefined) continue;
    // A colon of its own starts a parameter.
    app.post(fetch.path.replace(':', '::'), {
      schema: {
        tags: ['discovery'],
        summary: `Fetches resources of type ${typeUrl}`,
        description:
          'xDS by polling: a DiscoveryRequest in proto3 JSON, answered by a DiscoveryResponse, or by 304 if the client has it.',
      },
      handler: (request, reply) => {
        const answer = discovery(typeUrl, request.body);
        return answer === undefined ? reply.code(304).send() : reply.send(answer);
      },
    });
  }
  done();
};
