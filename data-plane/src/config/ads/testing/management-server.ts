import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/shared/xds/api';
import { createAdsService } from '@heddle/shared/xds/ads-service';
import { deltaMethod, sotwMethod, type Outgoing } from '@heddle/shared/xds/discovery-method';
import { separateServices } from '@heddle/shared/xds/separate-services';
import type { XdsApi } from '@heddle/shared/xds/xds-api';

/** A stream that a proxy opened, and all that it sent. */
export class ServerStream<Q, R> {
  readonly #call: ServerDuplexStream<Q, Outgoing<R>>;
  readonly requests: Q[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(call: ServerDuplexStream<Q, Outgoing<R>>) {
    this.#call = call;
    call.on('data', (request: Q) => {
      this.requests.push(request);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    // The proxy may go at any time; that is what these tests are about.
    call.on('error', () => {});
  }

  get metadata(): ReadonlyMap<string, string> {
    return new Map(Object.entries(this.#call.metadata.getMap()).map(([key, value]) => [key, String(value)]));
  }

  get authority(): string {
    return this.#call.getHost();
  }

  /** The request at an index, as soon as it came. */
  async request(index: number): Promise<Q> {
    for (;;) {
      const request = this.requests[index];
      if (request !== undefined) return request;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  respond(response: Outgoing<R>): void {
    this.#call.write(response);
  }

  end(): void {
    this.#call.end();
  }
}

type SotwStream = ServerStream<DiscoveryRequest, DiscoveryResponse>;
type DeltaStream = ServerStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** A real gRPC server that does what a test tells it. */
export class ManagementServer {
  readonly #api: XdsApi;
  readonly #credentials: ServerCredentials;
  #server: Server;
  readonly #sotw = new Arrivals<SotwStream>();
  readonly #delta = new Arrivals<DeltaStream>();
  port = 0;

  /** In the clear unless told. */
  constructor(api: XdsApi, credentials = ServerCredentials.createInsecure()) {
    this.#api = api;
    this.#credentials = credentials;
    this.#server = this.#createServer();
  }

  /** On the port of the last time, if there was one. */
  async listen(target = `127.0.0.1:${this.port}`): Promise<void> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(target, this.#credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  /** Cuts every connection. `listen` starts anew. */
  kill(): void {
    this.#server.forceShutdown();
    this.#server = this.#createServer();
  }

  nextSotwStream(): Promise<SotwStream> {
    return this.#sotw.next();
  }

  nextDeltaStream(): Promise<DeltaStream> {
    return this.#delta.next();
  }

  #createServer(): Server {
    const server = new Server();
    const onSotw = (call: ServerDuplexStream<DiscoveryRequest, Outgoing<DiscoveryResponse>>): void =>
      this.#sotw.add(new ServerStream(call));
    const onDelta = (
      call: ServerDuplexStream<DeltaDiscoveryRequest, Outgoing<DeltaDiscoveryResponse>>,
    ): void => this.#delta.add(new ServerStream(call));
    server.addService(createAdsService(this.#api), {
      StreamAggregatedResources: onSotw,
      DeltaAggregatedResources: onDelta,
    });
    for (const { service, stream, delta } of separateServices) {
      server.addService({ [delta]: deltaMethod(this.#api, service, delta) }, { [delta]: onDelta });
      if (stream !== undefined)
        server.addService({ [stream]: sotwMethod(this.#api, service, stream) }, { [stream]: onSotw });
    }
    return server;
  }
}

class Arrivals<T> {
  readonly #arrived: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  add(value: T): void {
    const wake = this.#waiting.shift();
    if (wake === undefined) this.#arrived.push(value);
    else wake(value);
  }

  next(): Promise<T> {
    const value = this.#arrived.shift();
    return value === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(value);
  }
}
