import { promisify } from 'node:util';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';

const identity = (message: Buffer): Buffer => message;

function method(path: string, isStream: boolean): ServiceDefinition[string] {
  return {
    ...{ path, requestStream: isStream, responseStream: isStream },
    ...{ requestSerialize: identity, requestDeserialize: identity },
    ...{ responseSerialize: identity, responseDeserialize: identity },
  };
}

/** gRPC calls whose messages are bytes of any kind: no client needs a description of them. */
export const echoMethods = {
  /** Sends the message back, and `x-sent-bin` of the request in the trailers. */
  unary: '/heddle.Echo/Unary',
  /** Sends every message back. */
  stream: '/heddle.Echo/Stream',
  /** Ends with FAILED_PRECONDITION and the message as the status's text. */
  fail: '/heddle.Echo/Fail',
  /** Never answers. */
  sleep: '/heddle.Echo/Sleep',
} as const;

export interface EchoService {
  readonly port: number;
  /** Calls of `sleep` that the client has given up. */
  readonly cancelledCount: number;
  close(): Promise<void>;
}

export async function startEchoService(): Promise<EchoService> {
  let cancelledCount = 0;
  const unary: handleUnaryCall<Buffer, Buffer> = ({ request, metadata }, reply) => {
    const trailers = new Metadata();
    for (const value of metadata.get('x-sent-bin')) trailers.add('x-answered-bin', value);
    reply(null, request, trailers);
  };
  const stream: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  const fail: handleUnaryCall<Buffer, Buffer> = ({ request }, reply) =>
    reply({ code: status.FAILED_PRECONDITION, details: request.toString() });
  const sleep: handleUnaryCall<Buffer, Buffer> = (call) => void call.on('cancelled', () => cancelledCount++);
  const server = new Server();
  server.addService(
    {
      unary: method(echoMethods.unary, false),
      stream: method(echoMethods.stream, true),
      fail: method(echoMethods.fail, false),
      sleep: method(echoMethods.sleep, false),
    },
    { unary, stream, fail, sleep },
  );
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return {
    port,
    get cancelledCount() {
      return cancelledCount;
    },
    close() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
