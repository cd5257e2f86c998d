import { promisify } from 'node:util';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Harness } from '../../harness/harness.ts';
import type { CallOutcome } from './matrix-client.ts';

const path = '/heddle.Echo/Unary';
const identity = (message: Buffer): Buffer => message;
const callLimitMs = 2_000;

/** An instance that answers every call with its name; returns its port. */
export async function startNamedInstance(harness: Harness, name: string): Promise<number> {
  const answer: handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply(null, Buffer.from(name));
  const server = new Server();
  const serializers = {
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  server.addService(
    { unary: { path, requestStream: false, responseStream: false, ...serializers } },
    { unary: answer },
  );
  harness.onEnd(() => Promise.resolve(server.forceShutdown()));
  return promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
}

/** Calls over plain gRPC; connections stay open, and are closed with the harness. */
export class EchoCaller {
  readonly #channels = new Map<string, Client>();

  constructor(harness: Harness) {
    harness.onEnd(() => {
      for (const channel of this.#channels.values()) channel.close();
      return Promise.resolve();
    });
  }

  call(target: string, authority: string, version = ''): Promise<CallOutcome> {
    const metadata = new Metadata();
    if (version !== '') metadata.set('x-version', version);
    const options = { deadline: Date.now() + callLimitMs };
    return new Promise((resolve) => {
      this.#channelTo(target, authority).makeUnaryRequest(
        path,
        identity,
        identity,
        Buffer.from('hello'),
        metadata,
        options,
        (error: ServiceError | null, answer?: Buffer) =>
          resolve(error === null ? String(answer) : `! ${error.message}`),
      );
    });
  }

  #channelTo(target: string, authority: string): Client {
    const key = `${target} ${authority}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Client(target, credentials.createInsecure(), {
        'grpc.default_authority': authority,
        'grpc.initial_reconnect_backoff_ms': 50,
        'grpc.max_reconnect_backoff_ms': 200,
        'grpc.use_local_subchannel_pool': 1,
      });
      this.#channels.set(key, channel);
    }
    return channel;
  }
}
