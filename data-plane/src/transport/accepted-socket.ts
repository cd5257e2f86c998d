import { Socket, connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { SocketReader } from './socket-reader.ts';

/**
 * The first of three places that reach into Node: accepted sockets that read by `onread`. Node offers it for sockets that
 * connect only, although its `Socket` takes it for any; the server makes its sockets itself, without it. Here the
 * listening handle's callback makes them instead. `canInterceptAccept` tries that out on loopback when a worker
 * starts; where Node has changed, accepted sockets read as usual, which is slower and otherwise the same.
 */

interface ListeningHandle {
  onconnection: (status: number, handle: object | undefined) => void;
}

function listeningHandleOf(server: Server): ListeningHandle | undefined {
  const handle: unknown = Reflect.get(server, '_handle');
  const isUsable =
    typeof handle === 'object' &&
    handle !== null &&
    'onconnection' in handle &&
    typeof handle.onconnection === 'function';
  return isUsable ? (handle as ListeningHandle) : undefined;
}

/** From now on the listening server calls `onSocket`, and emits `connection` no more. False: it does as before. */
export function interceptAccept(
  server: Server,
  createReader: () => SocketReader,
  onSocket: (socket: Socket, reader: SocketReader) => void,
): boolean {
  const listening = listeningHandleOf(server);
  if (listening === undefined) return false;
  const acceptAsUsual = listening.onconnection;
  listening.onconnection = function (this: unknown, status: number, handle: object | undefined): void {
    if (status !== 0 || handle === undefined) {
      acceptAsUsual.call(this, status, handle);
      return;
    }
    const reader = createReader();
    const options = { handle, allowHalfOpen: true, onread: reader.onread };
    const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    socket.setNoDelay(true);
    onSocket(socket, reader);
    // Node's own sockets begin to read the same way, once they are set up. Whoever does not want to read yet resumes.
    if (!socket.isPaused()) socket.read(0);
  };
  return true;
}

/** Exchanges bytes and both FINs over loopback; never rejects. */
export function canInterceptAccept(createReader: () => SocketReader): Promise<boolean> {
  const expected = 'heddle';
  const server = createServer({ allowHalfOpen: true });
  return new Promise((resolve) => {
    let client: Socket | undefined;
    const finish = (isGood: boolean): void => {
      server.close();
      client?.destroy();
      resolve(isGood);
    };
    server.once('error', () => finish(false));
    // It is only emitted when the interception does not work.
    server.once('connection', (socket) => {
      socket.destroy();
      finish(false);
    });
    server.listen(0, '127.0.0.1', () => {
      const isSet = interceptAccept(server, createReader, (socket, reader) => {
        reader.setReceiver({
          receive: (chunk) => void socket.write(Buffer.from(chunk)),
          isReadDisabled: false,
          waitForTurn: () => undefined,
        });
        socket.once('end', () => socket.end());
        socket.once('error', () => finish(false));
      });
      if (!isSet) return finish(false);
      let received = '';
      client = connect({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        allowHalfOpen: true,
      });
      client.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
      client.once('error', () => finish(false));
      client.once('end', () => finish(received === expected));
      client.end(expected);
    });
  });
}
