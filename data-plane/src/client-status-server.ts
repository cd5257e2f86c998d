import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { ClientStatusRequest, ClientStatusResponse } from '@heddle/shared/xds/api';
import { createClientStatusHandler } from '@heddle/shared/xds/client-status-handler';
import { createClientStatusService } from '@heddle/shared/xds/client-status-service';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { formatAddress, type Address } from './config/model/address.ts';

export interface ClientStatusServer {
  readonly port: number;
  stop(): void;
}

/** CSDS of the proxy about itself over gRPC, as gRPC clients offer it. @throws HeddleError `port-in-use` */
export async function startClientStatusServer(
  address: Address,
  api: XdsApi,
  describe: (request: ClientStatusRequest) => MessageInit<ClientStatusResponse>,
): Promise<ClientStatusServer> {
  const server = new Server();
  const handler = createClientStatusHandler(describe, 'the proxy stops');
  const { StreamClientStatus, FetchClientStatus } = handler;
  server.addService(createClientStatusService(api), { StreamClientStatus, FetchClientStatus });
  const target = formatAddress(address);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else
        reject(
          new HeddleError('port-in-use', `CSDS cannot listen on ${target}: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
  return {
    port,
    stop() {
      handler.stop();
      server.forceShutdown();
    },
  };
}
