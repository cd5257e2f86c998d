import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { MessageReader } from './message-reader.ts';

/** A keep-alive connection with at most one request in flight. */
export class OpenLoopConnection {
  /** Number of the request in flight, or of the last. */
  index = 0;
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  #isAnswering = false;

  constructor(
    socket: Socket,
    onAnswer: (connection: OpenLoopConnection) => void,
    onFailure: (error: Error) => void,
  ) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (!this.#isAnswering) {
        this.#isAnswering = true;
        if (!chunk.toString('latin1', 0, 12).endsWith(' 200'))
          onFailure(new Error(`answered ${chunk.toString()}`));
      }
      if (this.#reader.read(chunk) > 0) onAnswer(this);
    });
    socket.on('error', onFailure);
    socket.on('close', () => onFailure(new Error('a connection was closed')));
  }

  send(index: number, request: Buffer): void {
    this.index = index;
    this.#isAnswering = false;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.destroy();
  }
}

/** Resolves with a socket that is connected to a port of 127.0.0.1. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}
