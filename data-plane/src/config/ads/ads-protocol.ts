import type { Node } from '@heddle/shared/xds/api';
import type { SeparateService } from '@heddle/shared/xds/separate-services';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { DeltaMuxState, type DeltaRequest } from './delta-mux-state.ts';
import { readDeltaResponse, readSotwResponse, type IncomingResponse } from './incoming-response.ts';
import type { MuxState } from './mux-state.ts';
import { SotwMuxState, type SotwRequest } from './sotw-mux-state.ts';

/** What differs between the two variants: the gRPC method, the messages and the state machine. */
export interface AdsProtocol<Request> {
  readonly variant: 'sotw' | 'delta';
  readonly method: string;
  createState(): MuxState<Request>;
  /** `node` goes with the first message of a stream. */
  encode(request: Request, node: MessageInit<Node> | undefined): Buffer;
  /** @throws InvalidInputError for bytes that are no response */
  read(bytes: Uint8Array): IncomingResponse;
}

const aggregated = {
  service: 'envoy.service.discovery.v3.AggregatedDiscoveryService',
  stream: 'StreamAggregatedResources',
  delta: 'DeltaAggregatedResources',
} as const;

/** ADS, or the service of one type. */
export type XdsService = Pick<SeparateService, 'service' | 'stream' | 'delta'>;

export function createSotwProtocol(
  api: XdsApi,
  { service, stream = '' }: XdsService = aggregated,
): AdsProtocol<SotwRequest> {
  return {
    variant: 'sotw',
    method: `/${service}/${stream}`,
    createState: () => new SotwMuxState(),
    encode: (request, node) =>
      api.encode('envoy.service.discovery.v3.DiscoveryRequest', { ...request, node }),
    read: (bytes) => readSotwResponse(api, bytes),
  };
}

export function createDeltaProtocol(
  api: XdsApi,
  { service, delta }: XdsService = aggregated,
): AdsProtocol<DeltaRequest> {
  return {
    variant: 'delta',
    method: `/${service}/${delta}`,
    createState: () => new DeltaMuxState(),
    encode: (request, node) =>
      api.encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', { ...request, node }),
    read: (bytes) => readDeltaResponse(api, bytes),
  };
}
