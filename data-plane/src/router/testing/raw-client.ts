import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../../upstream/testing/upstream-server.ts';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  header(name: string): string | undefined;
}

/** A client that writes bytes as they are and reads answers one by one. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  isClosed = false;
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    socket.on('end', () => (this.hasEnded = true));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for the next complete answer and takes it. */
  async answer(isHead = false): Promise<RawAnswer> {
    let end = -1;
    await until(() => {
      end = endOfAnswer(this.received, isHead, this.hasEnded || this.isClosed);
      return end >= 0 || this.isClosed;
    });
    if (end < 0) throw new Error(`closed within: ${JSON.stringify(this.received)}`);
    const answer = parseAnswer(this.received.slice(0, end));
    this.received = this.received.slice(end);
    return answer;
  }

  async closed(): Promise<void> {
    await until(() => this.hasEnded || this.isClosed);
    this.socket.destroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. `head` ends with its last field. */
export async function exchange(port: number, head: string, body = ''): Promise<RawAnswer> {
  const client = await RawClient.open(port);
  client.send(`${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`);
  try {
    return await client.answer(head.startsWith('HEAD'));
  } finally {
    client.close();
  }
}

export function get(port: number, path: string, headers = ''): Promise<RawAnswer> {
  return exchange(port, `GET ${path} HTTP/1.1\nhost: a.test${headers === '' ? '' : `\n${headers}`}`);
}

function endOfAnswer(text: string, isHead: boolean, isOver: boolean): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return -1;
  const head = text.slice(0, headEnd).toLowerCase();
  const bodyStart = headEnd + 4;
  const status = head.slice(9, 12);
  if (isHead || status.startsWith('1') || status === '204' || status === '304') return bodyStart;
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    const end = bodyStart + Number(length);
    return text.length >= end ? end : -1;
  }
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const end = text.indexOf('0\r\n\r\n', bodyStart);
    return end < 0 ? -1 : end + 5;
  }
  return isOver ? text.length : -1;
}

function parseAnswer(text: string): RawAnswer {
  const headEnd = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = text.slice(0, headEnd).split('\r\n');
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  const header = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  let body = text.slice(headEnd + 4);
  if (header('transfer-encoding') === 'chunked') body = dechunk(body);
  return { status: Number(statusLine.split(' ')[1]), headers, body, header };
}

function dechunk(text: string): string {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const length = parseInt(text.slice(at, lineEnd), 16);
    if (length === 0 || Number.isNaN(length)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + length);
    at = lineEnd + 4 + length;
  }
}
