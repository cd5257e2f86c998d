import { Socket, connect, createServer, type AddressInfo, type OnReadOpts } from 'node:net';
import type { ReadSlabs } from './read-slabs.ts';
import { SocketReader } from './socket-reader.ts';

/**
 * Beside `accepted-socket.ts` and `pausable-handle.ts` the third place that reaches into Node: `onread` for a socket that
 * exists. Node takes it when a socket is made, and not for one with TLS over another socket, although it reads both
 * the same way. `findReaderAttachment` tries that out on loopback when a worker starts; where Node has changed, sockets
 * with TLS read by events, which is slower and otherwise the same.
 */
export interface ReaderAttachment {
  /**
   * From now on what comes goes to `reader`. Of bytes that were decrypted already when the socket was paused the
   * stream tells by `data`, in order, when it is resumed. False: the socket reads by `data` alone.
   */
  attach(socket: Socket, reader: SocketReader): boolean;
}

/** What of a worker's `TransportContext` counts here. */
export interface AttachmentContext {
  readonly readerAttachment: ReaderAttachment | undefined;
  readonly readSlabs: ReadSlabs;
}

/** Under which names Node's sockets keep what `onread` says. */
interface OnreadFields {
  readonly buffer: symbol;
  readonly nextBuffer: symbol;
  readonly callback: symbol;
}

interface ReadableHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

/** Never rejects; undefined where the self-test fails. */
export function findReaderAttachment(
  createReader: () => SocketReader,
): Promise<ReaderAttachment | undefined> {
  const fields = findOnreadFields();
  if (fields === undefined) return Promise.resolve(undefined);
  const attachment = createReaderAttachment(fields);
  const expected = 'heddle';
  const server = createServer((socket) => socket.end(expected));
  return new Promise((resolve) => {
    let client: Socket | undefined;
    const finish = (isGood: boolean): void => {
      server.close();
      client?.destroy();
      resolve(isGood ? attachment : undefined);
    };
    server.once('error', () => finish(false));
    server.listen(0, '127.0.0.1', () => {
      let received = '';
      client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
      client.once('error', () => finish(false));
      client.once('end', () => finish(received === expected));
      const reader = createReader();
      reader.setReceiver({
        receive: (chunk) => (received += chunk.toString('latin1')),
        isReadDisabled: false,
        waitForTurn: () => undefined,
      });
      if (!attachment.attach(client, reader)) finish(false);
    });
  });
}

/** Undefined: the socket reads by `data`. */
export function attachReader(
  { readerAttachment, readSlabs }: AttachmentContext,
  socket: Socket,
): SocketReader | undefined {
  if (readerAttachment === undefined) return undefined;
  const reader = new SocketReader(readSlabs);
  return readerAttachment.attach(socket, reader) ? reader : undefined;
}

function createReaderAttachment(names: OnreadFields): ReaderAttachment {
  return {
    attach(socket, reader) {
      const handle = handleOf(socket);
      const { buffer: nextBuffer, callback } = reader.onread;
      if (handle === undefined || typeof nextBuffer !== 'function') return false;
      const bytes = nextBuffer();
      Reflect.set(socket, names.buffer, bytes);
      Reflect.set(socket, names.nextBuffer, nextBuffer);
      Reflect.set(socket, names.callback, (byteCount: number, buffer: Uint8Array): boolean => {
        // All records of one read are decrypted, whoever has paused the socket meanwhile.
        if (!socket.isPaused() && socket.readableLength === 0) return callback(byteCount, buffer);
        socket.push(Buffer.from(buffer.subarray(0, byteCount)));
        return true;
      });
      handle.useUserBuffer(bytes);
      return true;
    },
  };
}

function handleOf(socket: Socket): ReadableHandle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const isUsable =
    typeof handle === 'object' &&
    handle !== null &&
    'useUserBuffer' in handle &&
    typeof handle.useUserBuffer === 'function';
  return isUsable ? (handle as ReadableHandle) : undefined;
}

/** By what a socket holds that was made with `onread`. */
function findOnreadFields(): OnreadFields | undefined {
  const bytes = Buffer.alloc(1);
  const nextBuffer = (): Buffer => bytes;
  const callback = (): boolean => true;
  const bufferName = nameOf(bytes, { buffer: bytes, callback });
  const nextBufferName = nameOf(nextBuffer, { buffer: nextBuffer, callback });
  const callbackName = nameOf(callback, { buffer: nextBuffer, callback });
  if (bufferName === undefined || nextBufferName === undefined || callbackName === undefined)
    return undefined;
  return { buffer: bufferName, nextBuffer: nextBufferName, callback: callbackName };
}

function nameOf(value: unknown, onread: OnReadOpts): symbol | undefined {
  const socket = new Socket({ onread });
  return Object.getOwnPropertySymbols(socket).find((name) => Reflect.get(socket, name) === value);
}
