import { promisify } from 'node:util';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  status,
  type ClientDuplexStream,
  type handleBidiStreamingCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { until } from '../../src/upstream/testing/upstream-server.ts';

const identity = (message: Buffer): Buffer => message;

export interface EchoServer {
  readonly port: number;
  close(): void;
}

/** A gRPC server that sends every message back, on a method for each of `services`. */
export async function startEchoServer(services: readonly string[]): Promise<EchoServer> {
  const server = new Server();
  const echo: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('error', () => undefined);
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  for (const service of services) {
    const method = {
      ...{ path: methodOf(service), requestStream: true, responseStream: true },
      ...{ requestSerialize: identity, requestDeserialize: identity },
      ...{ responseSerialize: identity, responseDeserialize: identity },
    };
    server.addService({ echo: method }, { echo });
  }
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return { port, close: () => server.forceShutdown() };
}

/** A stream to a service, on a connection of its own. */
export class EchoStream {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  #receivedCount = 0;
  #end: StatusObject | undefined;

  constructor(port: number, service: string) {
    // The proxy is not asked for another connection when this one goes.
    const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0 };
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    this.#call = this.#client.makeBidiStreamRequest(methodOf(service), identity, identity);
    this.#call.on('data', () => this.#receivedCount++);
    this.#call.on('error', () => undefined);
    this.#call.on('status', (end) => (this.#end = end));
  }

  /** Sends a message: `lives` when it comes back, or the name of the status that the stream has ended with. */
  async outcome(): Promise<string> {
    const before = this.#receivedCount;
    this.#call.write(Buffer.from('hello'));
    await until(() => this.#receivedCount > before || this.#end !== undefined);
    return this.#end === undefined ? 'lives' : status[this.#end.code];
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Ends as a client does that is done: `OK`, when all was well to the end. */
  async finish(): Promise<string> {
    this.#call.end();
    await until(() => this.#end !== undefined);
    return status[this.#end?.code ?? status.UNKNOWN];
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

function methodOf(service: string): string {
  return `/${service}/Echo`;
}
