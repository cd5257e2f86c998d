import type { ClientStatusRequest, ClientStatusResponse } from './api.ts';
import { apiMethod, type DiscoveryMethod } from './discovery-method.ts';
import type { XdsApi } from './xds-api.ts';

type ClientStatusMethod = DiscoveryMethod<ClientStatusRequest, ClientStatusResponse>;

/** The client status discovery service. An alias, since grpc-js wants an index signature, which interfaces lack. */
export type ClientStatusService = {
  readonly StreamClientStatus: ClientStatusMethod;
  readonly FetchClientStatus: ClientStatusMethod;
};

export const clientStatusPath = '/v3/discovery:client_status';

const messages = 'envoy.service.status.v3';
const service = `${messages}.ClientStatusDiscoveryService`;

export function createClientStatusService(api: XdsApi): ClientStatusService {
  const methodOf = (method: string, kind: 'stream' | 'fetch'): ClientStatusMethod =>
    apiMethod(
      api,
      service,
      method,
      kind,
      `${messages}.ClientStatusRequest`,
      `${messages}.ClientStatusResponse`,
    );
  return {
    StreamClientStatus: methodOf('StreamClientStatus', 'stream'),
    FetchClientStatus: methodOf('FetchClientStatus', 'fetch'),
  };
}
