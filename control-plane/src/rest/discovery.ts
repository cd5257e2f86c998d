import { clientStatusPath } from '@heddle/shared/xds/client-status-service';
import { separateServices } from '@heddle/shared/xds/separate-services';
import type { FastifyPluginCallback } from 'fastify';

/** xDS in proto3 JSON. Both throw InvalidInputError for what they cannot read. */
export interface DiscoverySource {
  /** A DiscoveryRequest → a DiscoveryResponse; undefined: nothing changed. */
  poll(typeUrl: string, request: unknown): unknown;
  /** A ClientStatusRequest → a ClientStatusResponse. */
  clientStatus(request: unknown): unknown;
}

/** `POST /v3/discovery:clusters` and so on: xDS for clients that poll, as Envoy's `api_type: REST`, and CSDS. */
export const discoveryPlugin: FastifyPluginCallback<{ readonly discovery: DiscoverySource }> = (
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
        const answer = discovery.poll(typeUrl, request.body);
        return answer === undefined ? reply.code(304).send() : reply.send(answer);
      },
    });
  }
  app.post(clientStatusPath.replace(':', '::'), {
    schema: {
      tags: ['discovery'],
      summary: 'Says what each connected client was sent, and what it said',
      description: 'CSDS: a ClientStatusRequest in proto3 JSON, answered by a ClientStatusResponse.',
    },
    handler: (request, reply) => reply.send(discovery.clientStatus(request.body)),
  });
  done();
};
