import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Reading } from './reading.ts';

/** A socket's stand-in: bytes in by `push`, bytes out into nothing. */
class Wire extends Duplex {
  override _read(): void {
    // Everything is pushed by the oracle.
  }
  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    callback();
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

function fieldsOf({ rawHeaders, headers }: IncomingMessage): string[] {
  const nominated = (headers.connection ?? '').toLowerCase().split(/[ \t]*,[ \t]*/);
  const fields: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (name.startsWith('x-') && !nominated.includes(name))
      fields.push(`${name}: ${rawHeaders[index + 1] ?? ''}`);
  }
  return fields;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Node's HTTP server, strict as it is by default, except that a missing Host is left to us. */
export class LlhttpServerOracle {
  readonly #server: Server;
  #reading: Reading = { messages: [], error: '' };

  constructor() {
    this.#server = createServer({ requireHostHeader: false, maxHeaderSize: 64 * 1024 });
    this.#server.on('request', (message, response) => this.#note(message, response));
    this.#server.on('checkContinue', (message: IncomingMessage, response: ServerResponse) =>
      this.#note(message, response),
    );
    this.#server.on('checkExpectation', (message: IncomingMessage, response: ServerResponse) =>
      this.#note(message, response),
    );
    this.#server.on('connect', (_message: IncomingMessage, wire: Duplex) => {
      this.#reading.messages.push({ start: 'CONNECT', target: '', values: [], body: '' });
      wire.destroy();
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, wire: Duplex) => {
      // Bytes behind the last request of a connection: both drop them.
      if (error.code !== 'HPE_CLOSED_CONNECTION') this.#reading.error = error.code ?? error.message;
      wire.destroy();
    });
  }

  /**
   * With `chunkBytes`, in pieces: of a chunk with a good message and a bad one Node reports the bad one only, since
   * the error overtakes the events of the good one.
   */
  async read(bytes: Buffer, chunkBytes = bytes.length): Promise<Reading> {
    const reading: Reading = { messages: [], error: '' };
    this.#reading = reading;
    const wire = new Wire();
    wire.on('error', () => undefined);
    this.#server.emit('connection', wire);
    for (let at = 0; at < bytes.length && !wire.destroyed; at += chunkBytes) {
      wire.push(bytes.subarray(at, at + chunkBytes));
      await turn();
    }
    // Each pipelined request takes a turn or two to be answered and to let the next one out.
    let quietTurnCount = 0;
    let seenCount = 0;
    while (quietTurnCount < 6 && !wire.destroyed) {
      await turn();
      quietTurnCount = reading.messages.length === seenCount ? quietTurnCount + 1 : 0;
      seenCount = reading.messages.length;
    }
    wire.destroy();
    this.#server.closeAllConnections();
    await turn();
    return reading;
  }

  #note(message: IncomingMessage, response: ServerResponse): void {
    const { messages } = this.#reading;
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      messages.push({
        start: message.method ?? '',
        target: message.url ?? '',
        values: fieldsOf(message),
        body: Buffer.concat(chunks).toString('latin1'),
      });
      response.end();
    });
    message.on('error', () => undefined);
  }
}

/** Node's HTTP client reading the answer to `GET /`. */
export async function readResponseWithLlhttp(bytes: Buffer, chunkBytes = bytes.length): Promise<Reading> {
  const reading: Reading = { messages: [], error: '' };
  const wire = new Wire();
  wire.on('error', () => undefined);
  // The type asks for a Socket; the client uses no more than a Duplex has.
  const createConnection = () => wire as never;
  const outgoing = request({ createConnection, method: 'GET', path: '/', maxHeaderSize: 96 * 1024 });
  outgoing.on('response', (message) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('error', () => undefined);
    message.on('end', () => {
      reading.messages.push({
        start: String(message.statusCode),
        target: '',
        values: fieldsOf(message),
        body: Buffer.concat(chunks).toString('latin1'),
      });
    });
  });
  outgoing.on('upgrade', (_message, upgraded) => {
    reading.error = 'upgrade';
    upgraded.destroy();
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    if (reading.error === '') reading.error = error.code ?? error.message;
  });
  outgoing.end();
  await turn();
  for (let at = 0; at < bytes.length && !wire.destroyed; at += chunkBytes) {
    wire.push(bytes.subarray(at, at + chunkBytes));
    await turn();
  }
  wire.push(null);
  for (let left = 4; left > 0; left--) await turn();
  wire.destroy();
  outgoing.destroy();
  await turn();
  return reading;
}
