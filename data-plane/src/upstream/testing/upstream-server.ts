import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '@heddle/shared/time/clock';

/** A real server on a port of its own. */
export interface UpstreamServer {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function startHttpServer(
  onRequest: RequestListener,
): Promise<UpstreamServer & { readonly server: Server }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, onRequest);
  return { ...(await listen(server)), server };
}

/** Over clear text, with prior knowledge. */
export async function startHttp2Server(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<UpstreamServer & { readonly server: Http2Server }> {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  return { ...(await listen(server)), server };
}

export async function startTcpServer(
  onSocket: (socket: Socket) => void,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<UpstreamServer> {
  return listen(createTcpServer({ ...options }, onSocket));
}

const untilLimitMs = 30_000;

/**
 * Turns the event loop until the condition holds.
 *
 * @throws Error after half a minute in vain: the turns would keep the process even after the test's own time limit
 */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = systemClock.monotonicMs() + untilLimitMs;
  while (!condition()) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`waited in vain for ${String(condition)}`);
    await nextTurn();
  }
}

async function listen(server: TcpServer): Promise<UpstreamServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
