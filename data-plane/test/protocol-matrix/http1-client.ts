import { request as httpRequest, type ClientRequest as NodeRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Answer, Client, ClientCall, ClientRequest, Head } from './client.ts';
import { authorityPem, serverName } from './protocols.ts';

/** `node:http`, with a connection for each request. */
export function createHttp1Client(port: number, isSecure: boolean): Client {
  const open = new Set<NodeRequest>();
  const send = ({ method, host, path, headers, trailers }: ClientRequest): SentRequest => {
    const socket = connect(port, '127.0.0.1');
    const request = httpRequest({
      ...{ method, path },
      createConnection: () =>
        isSecure
          ? connectTls({ socket, ca: authorityPem, servername: serverName, ALPNProtocols: ['http/1.1'] })
          : socket,
      headers: {
        host,
        ...headers,
        ...(trailers === undefined ? {} : { trailer: Object.keys(trailers).join(', ') }),
      },
    });
    open.add(request);
    request.once('close', () => open.delete(request));
    return { request, socket };
  };
  return {
    start: (wanted) => startCall(send(wanted), wanted),
    async openTunnel(host, path) {
      const headers = { connection: 'upgrade', upgrade: 'websocket' };
      const { request } = send({ method: 'GET', host, path, headers });
      request.end();
      const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
      if (response.statusCode !== 101) throw new Error(`answered ${response.statusCode}`);
      return socket;
    },
    close() {
      for (const request of open) request.destroy();
    },
  };
}

interface SentRequest {
  readonly request: NodeRequest;
  /** Below TLS, if there is any. */
  readonly socket: Socket;
}

function startCall({ request, socket }: SentRequest, { trailers }: ClientRequest): ClientCall {
  const informational: Head[] = [];
  request.on('information', ({ statusCode: status, headers }) => informational.push({ status, headers }));
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new Error('closed without an answer')));
  });
  const head = response.then(toHead);
  const answer = response.then(async (message): Promise<Answer> => {
    const body: Buffer[] = [];
    message.on('data', (chunk: Buffer) => body.push(chunk));
    message.on('error', () => undefined);
    if (!message.closed) await new Promise((resolve) => message.once('close', resolve));
    return {
      ...toHead(message),
      informational,
      body: Buffer.concat(body),
      trailers: message.trailers,
      isComplete: message.complete,
    };
  });
  for (const promise of [head, answer]) promise.catch(() => undefined);
  request.on('error', () => undefined);
  request.flushHeaders();
  return {
    write: (chunk) => void request.write(chunk),
    end() {
      if (trailers !== undefined) request.addTrailers(trailers);
      request.end();
    },
    // The end of what a client has to say is no reset: the proxy may still answer.
    reset: () => socket.resetAndDestroy(),
    head,
    answer,
  };
}

function toHead({ statusCode, headers }: IncomingMessage): Head {
  return { status: statusCode ?? 0, headers };
}
