import type { ClientStatusRequest, ClientStatusResponse } from '@heddle/shared/xds/api';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { ClientResource } from './client-resource.ts';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import { compileNodeMatchers } from './node-matcher.ts';
import type { NodeStatusBoard } from './node-status.ts';

type GenericConfig = NonNullable<
  NonNullable<MessageInit<ClientStatusResponse>['config']>[number]['genericXdsConfigs']
>[number];

/**
 * The client status discovery service (CSDS): for each connected client that is asked for, what it was sent, and what it
 * said. @throws InvalidInputError for matchers that cannot be
 */
export function describeClients(
  nodes: Pick<NodeStatusBoard, 'clients'>,
  request: ClientStatusRequest,
): MessageInit<ClientStatusResponse> {
  const matches = compileNodeMatchers(request.nodeMatchers);
  const config = [];
  for (const { node, describe } of nodes.clients()) {
    if (!matches(node)) continue;
    const configs = describe().map((resource) => toConfig(resource, request.excludeResourceContents));
    config.push({ node, genericXdsConfigs: configs });
  }
  return { config };
}

function toConfig({ resource, status, refusal }: ClientResource, isBare: boolean): GenericConfig {
  const { typeUrl, name, version, any } = resource;
  return {
    typeUrl,
    name,
    versionInfo: version,
    configStatus: status,
    // Secrets hold private keys, which no reader gets.
    ...(isBare || typeUrl === typeUrls.secret ? {} : { xdsConfig: any }),
    ...(refusal === undefined
      ? {}
      : {
          errorState: {
            details: refusal.message,
            versionInfo: version,
            lastUpdateAttempt: fromMs(refusal.at),
          },
        }),
  };
}
