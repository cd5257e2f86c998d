import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What a broken service does with a connection. */
export type Misbehaviour =
  /** Takes the request and never answers. */
  | 'silent'
  /** RST as soon as the request is there. */
  | 'resetting'
  /** Bytes that are no HTTP. */
  | 'garbage'
  /** A head that promises more body than comes before the connection ends. */
  | 'cut-short';

export interface BadUpstream extends AsyncDisposable {
  readonly port: number;
  /** Connections on which a request came. */
  readonly requestCount: number;
}

const answers: Readonly<Record<Misbehaviour, (socket: Socket) => void>> = {
  silent: () => undefined,
  resetting: (socket) => socket.resetAndDestroy(),
  garbage: (socket) => socket.write('\x16\x03\x01 SSH-2.0-not-http\r\n\r\n'),
  'cut-short': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this'),
};

export async function startBadUpstream(misbehaviour: Misbehaviour): Promise<BadUpstream> {
  const sockets = new Set<Socket>();
  let requestCount = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => {
      requestCount += 1;
      answers[misbehaviour](socket);
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get requestCount() {
      return requestCount;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
