import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { WebSocket, WebSocketServer } from 'ws';

export interface EchoServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Sends every message back; plain requests go to `onRequest`. */
export async function startEchoServer(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    response.end('ok'),
): Promise<EchoServer> {
  const server = createServer(onRequest);
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A client of `service` behind a proxy. */
export class EchoClient {
  readonly socket: WebSocket;
  /** Code and reason of the end; undefined while it is open. */
  end: string | undefined;
  echoedCount = 0;
  readonly #expected: string[] = [];
  #onEcho: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (message: Buffer, isBinary) => {
      const expected = this.#expected.shift();
      if (expected !== digest(message, isBinary)) throw new Error('an echo differs from what was sent');
      this.echoedCount++;
      this.#onEcho();
    });
    socket.on('close', (code, reason) => (this.end = `${code} ${reason.toString()}`));
    socket.on('error', () => undefined);
  }

  static async open(port: number, service: string): Promise<EchoClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      headers: { host: service },
      perMessageDeflate: false,
    });
    await once(socket, 'open');
    return new EchoClient(socket);
  }

  /** Sends `count` messages of random sizes, some at a time, and waits for all echoes. */
  async exchange(count: number, rng: Rng): Promise<void> {
    const maxInFlight = 16;
    const target = this.echoedCount + count;
    for (let sent = 0; sent < count;) {
      while (sent < count && this.#expected.length < maxInFlight) {
        this.#send(rng);
        sent++;
      }
      if (this.#expected.length >= maxInFlight) await this.#echoed();
    }
    while (this.echoedCount < target) await this.#echoed();
  }

  async close(): Promise<void> {
    if (this.end === undefined) {
      this.socket.close(1000);
      await once(this.socket, 'close');
    }
  }

  #send(rng: Rng): void {
    // Mostly small, as messages are, and now and then one that no single read or frame header of 16 bits holds.
    const size = randomInteger(rng, 100) === 0 ? randomInteger(rng, 200_000) : randomInteger(rng, 4_000);
    const isBinary = rng.next() < 0.5;
    const message = isBinary ? randomBytes(size) : Buffer.from(randomBytes(size >> 1).toString('hex'));
    this.#expected.push(digest(message, isBinary));
    this.socket.send(message, { binary: isBinary });
  }

  #echoed(): Promise<void> {
    if (this.end !== undefined) throw new Error(`the WebSocket ended: ${this.end}`);
    return new Promise((resolve, reject) => {
      const onClose = (): void => reject(new Error('the WebSocket ended'));
      this.socket.once('close', onClose);
      this.#onEcho = () => {
        this.socket.off('close', onClose);
        this.#onEcho = () => undefined;
        resolve();
      };
    });
  }
}

function digest(message: Buffer, isBinary: boolean): string {
  return `${isBinary ? 'binary' : 'text'} ${createHash('sha1').update(message).digest('base64')}`;
}
