import {
  status as grpcStatus,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { InvalidInputError } from '../errors/problem.ts';
import type { ClientStatusRequest, ClientStatusResponse } from './api.ts';
import type { MessageInit } from './message-init.ts';

type StatusStream = ServerDuplexStream<ClientStatusRequest, object>;

export interface ClientStatusHandler {
  StreamClientStatus(call: StatusStream): void;
  FetchClientStatus(call: ServerUnaryCall<ClientStatusRequest, object>, done: sendUnaryData<object>): void;
  /** Ends the open streams with UNAVAILABLE. */
  stop(): void;
}

/**
 * `envoy.service.status.v3.ClientStatusDiscoveryService`: one answer for each request, also on a stream. An
 * InvalidInputError that `answer` throws goes to the client; `stopReason` tells why the streams end.
 */
export function createClientStatusHandler(
  answer: (request: ClientStatusRequest) => MessageInit<ClientStatusResponse>,
  stopReason: string,
): ClientStatusHandler {
  const open = new Set<StatusStream>();
  return {
    StreamClientStatus(call) {
      open.add(call);
      call.on('data', (request: ClientStatusRequest) => {
        try {
          // Answers are large: who does not read them is not read.
          if (!call.write(answer(request))) call.pause();
        } catch (thrown) {
          call.emit('error', toStatus(thrown));
        }
      });
      call.on('drain', () => call.resume());
      call.on('end', () => call.end());
      for (const event of ['end', 'cancelled', 'close', 'error']) call.on(event, () => open.delete(call));
    },
    FetchClientStatus(call, done) {
      try {
        done(null, answer(call.request));
      } catch (thrown) {
        done(toStatus(thrown));
      }
    },
    stop() {
      for (const call of open) call.emit('error', { code: grpcStatus.UNAVAILABLE, details: stopReason });
    },
  };
}

function toStatus(thrown: unknown): { readonly code: number; readonly details: string } {
  if (!(thrown instanceof InvalidInputError)) throw thrown;
  return { code: grpcStatus.INVALID_ARGUMENT, details: thrown.message };
}
