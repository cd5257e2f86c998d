import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { once } from 'node:events';
import type { Answer, Client, ClientCall, ClientRequest, Head } from './client.ts';
import { authorityPem, serverName } from './protocols.ts';

type IncomingHead = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** `node:http2`, all requests on one connection. */
export function createHttp2Client(port: number, isSecure: boolean): Client {
  const scheme = isSecure ? 'https' : 'http';
  const session = connect(
    `${scheme}://127.0.0.1:${port}`,
    isSecure ? { ca: authorityPem, servername: serverName } : {},
  );
  session.on('error', () => undefined);
  return {
    start: (request) => startCall(session, request),
    async openTunnel(host, path) {
      if (!session.remoteSettings.enableConnectProtocol) await once(session, 'remoteSettings');
      const stream = session.request(
        {
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': scheme,
          ':path': path,
          ':authority': host,
        },
        { endStream: false },
      );
      stream.on('error', () => undefined);
      const [head] = (await once(stream, 'response')) as [IncomingHead];
      if (head[':status'] !== 200) throw new Error(`answered ${head[':status']}`);
      return stream;
    },
    close: () => session.destroy(),
  };
}

function startCall(
  session: ClientHttp2Session,
  { method, host, path, headers, trailers }: ClientRequest,
): ClientCall {
  const stream = session.request(
    { ':method': method, ':path': path, ':authority': host, ...headers },
    { endStream: false, waitForTrailers: trailers !== undefined },
  );
  if (trailers !== undefined) stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('error', () => undefined);
  const head = new Promise<Head>((resolve, reject) => {
    stream.once('response', (fields) => resolve(toHead(fields)));
    stream.once('close', () => reject(new Error(`closed without an answer, code ${stream.rstCode}`)));
  });
  const answer = readAnswer(stream, head);
  for (const promise of [head, answer]) promise.catch(() => undefined);
  return {
    write: (chunk) => void stream.write(chunk),
    end: () => void stream.end(),
    reset: () => stream.close(constants.NGHTTP2_CANCEL),
    head,
    answer,
  };
}

async function readAnswer(stream: ClientHttp2Stream, head: Promise<Head>): Promise<Answer> {
  const informational: Head[] = [];
  const body: Buffer[] = [];
  const trailers: IncomingHttpHeaders = {};
  const ended = new Promise<boolean>((resolve) => {
    stream.once('end', () => resolve(true));
    stream.once('close', () => resolve(false));
  });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.on('headers', (fields) => informational.push(toHead(fields)));
  stream.once('trailers', (fields) => void Object.assign(trailers, fields));
  stream.on('data', (chunk: Buffer) => body.push(chunk));
  const hasEnded = await ended;
  await closed;
  return {
    ...(await head),
    informational,
    body: Buffer.concat(body),
    trailers,
    isComplete: hasEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR,
  };
}

function toHead(fields: IncomingHead): Head {
  return { status: fields[':status'] ?? 0, headers: fields };
}
