import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  constants,
  createSecureServer as createSecureHttp2Server,
  createServer as createHttp2Server,
  Http2ServerResponse,
  type Http2ServerRequest,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Fields } from './client.ts';
import { certificate, type Protocol } from './protocols.ts';

type IncomingRequest = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** A request as it came to the upstream, and what the test makes of it. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingRequest['headers'];
  readonly httpVersion: string;
  /** Resolves with the whole request; rejects, or never resolves, when it breaks off. */
  readonly request: Promise<{ readonly body: Buffer; readonly trailers: IncomingRequest['trailers'] }>;
  /** Resolves when the request or its connection ended before the answer did. */
  readonly gone: Promise<void>;
  readonly #response: Response;
  readonly #resetConnection: () => void;

  constructor(incoming: IncomingRequest, response: Response, resetConnection: () => void) {
    this.#resetConnection = resetConnection;
    this.#response = response;
    this.method = incoming.method ?? '';
    this.path = incoming.url ?? '';
    this.headers = incoming.headers;
    this.httpVersion = incoming.httpVersion;
    const body: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => body.push(chunk));
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    this.request = once(incoming, 'end').then(() => ({
      body: Buffer.concat(body),
      trailers: incoming.trailers,
    }));
    this.request.catch(() => undefined);
    this.gone = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableEnded) resolve();
      });
    });
  }

  earlyHints(): void {
    this.#response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  }

  /** The head goes out at once. */
  respond(status: number, headers: Fields = {}): void {
    if (this.#response instanceof Http2ServerResponse) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, headers).flushHeaders();
  }

  write(chunk: Buffer | string): void {
    if (this.#response instanceof Http2ServerResponse) this.#response.write(chunk);
    else this.#response.write(chunk);
  }

  end(trailers?: Fields): void {
    if (trailers !== undefined) this.#response.addTrailers(trailers);
    this.#response.end();
  }

  reset(): void {
    if (this.#response instanceof Http2ServerResponse) {
      this.#response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    } else this.#resetConnection();
  }
}

export interface Upstream {
  readonly protocol: Protocol;
  readonly port: number;
  /** The next request, in order of arrival. */
  next(): Promise<Exchange>;
  /** The next WebSocket, accepted. */
  nextTunnel(): Promise<Duplex>;
  /** What came for a case that failed is not for the next one. */
  forget(): void;
  close(): Promise<void>;
}

/** Hands out what comes in the order in which it came, to those that asked, in the order in which they asked. */
class Queue<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting(value);
  }

  clear(): void {
    this.#values.length = 0;
    this.#waiting.length = 0;
  }

  take(): Promise<T> {
    const value = this.#values.shift();
    return value === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(value);
  }
}

const switching = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

export async function startUpstream(protocol: Protocol): Promise<Upstream> {
  const exchanges = new Queue<Exchange>();
  const tunnels = new Queue<Duplex>();
  const sockets = new Set<Socket>();
  const server = createServer(protocol);
  server
    .on('request', (request: IncomingRequest, response: Response) => {
      exchanges.push(new Exchange(request, response, () => resetConnectionOf(request, sockets)));
    })
    .on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      socket.write(switching);
      tunnels.push(socket);
    })
    .on('connect', (_request: Http2ServerRequest, { stream }: Http2ServerResponse) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
      tunnels.push(stream);
    })
    .on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    protocol,
    port: (server.address() as AddressInfo).port,
    next: () => exchanges.take(),
    nextTunnel: () => tunnels.take(),
    forget() {
      exchanges.clear();
      tunnels.clear();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function createServer({ http, isSecure }: Protocol): Server {
  const pair = { cert: certificate.pem, key: certificate.privateKeyPem };
  if (http === 'http1') return isSecure ? createHttpsServer(pair) : createHttp1Server();
  const settings = { enableConnectProtocol: true };
  return isSecure ? createSecureHttp2Server({ ...pair, settings }) : createHttp2Server({ settings });
}

/** Node resets no connection through TLS, but the one below. */
function resetConnectionOf({ socket }: IncomingRequest, sockets: ReadonlySet<Socket>): void {
  for (const each of sockets) if (each.remotePort === socket.remotePort) each.resetAndDestroy();
}
