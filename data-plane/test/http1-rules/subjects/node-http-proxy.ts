import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LanePorts } from '../socket-lane.ts';

/**
 * The proxy that one writes on `node:http`: llhttp reads both ways, and the fields of one hop are left out. Whatever
 * llhttp lets through goes on.
 *
 *     node-http-proxy.ts '[{"port":1,"http10Port":2,"upstreamPort":3}]'
 */
const hopFields = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'host',
]);

function forwardedFields(message: IncomingMessage): string[] {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const fields: string[] = [];
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    const lower = name.toLowerCase();
    if (!hopFields.has(lower) && (!named.includes(lower) || lower === 'content-length')) {
      fields.push(name, message.rawHeaders[index + 1] ?? '');
    }
  }
  return fields;
}

function toLines(fields: readonly string[]): string {
  return fields
    .map((name, index) => (index % 2 === 0 ? `${name}: ${fields[index + 1] ?? ''}\r\n` : ''))
    .join('');
}

function withoutFraming(rawHeaders: readonly string[]): string[] {
  const isFraming = (name = ''): boolean => /^(content-length|transfer-encoding)$/i.test(name);
  return rawHeaders.filter((_, index) => !isFraming(rawHeaders[index & ~1]));
}

function targetOf(message: IncomingMessage): { readonly path: string; readonly host: string } {
  const target = message.url ?? '/';
  const absolute = /^[a-z]+:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) return { path: target, host: message.headers.host ?? '' };
  const rest = absolute[2] ?? '';
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host: absolute[1] ?? '' };
}

function openLane({ port, http10Port, upstreamPort }: LanePorts): void {
  const agent = new Agent({ keepAlive: true });
  const send = (message: IncomingMessage, extraFields: readonly string[]): ReturnType<typeof request> => {
    const { path, host } = targetOf(message);
    const isChunked = message.headers['transfer-encoding'] !== undefined;
    const isBodiless = !isChunked && message.headers['content-length'] === undefined;
    const via = [message.headers.via, '1.1 proxy'].filter((value) => value !== undefined).join(', ');
    const fields = forwardedFields(message).filter(
      (_, index, all) => (all[index & ~1] ?? '').toLowerCase() !== 'via',
    );
    const framing = isChunked ? ['transfer-encoding', 'chunked'] : [];
    const headers = ['host', host, ...fields, 'via', via, ...framing, ...extraFields];
    const outgoing = request({
      agent,
      host: '127.0.0.1',
      port: upstreamPort,
      method: message.method,
      path,
      headers,
    });
    outgoing.flushHeaders();
    if (isBodiless) outgoing.end();
    else message.pipe(outgoing);
    return outgoing;
  };
  const forward = (message: IncomingMessage, response: ServerResponse): void => {
    const fail = (): void => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-length': 0 }).end();
    };
    let outgoing;
    try {
      outgoing = send(message, []);
    } catch {
      fail();
      return;
    }
    outgoing.on('information', ({ statusCode, rawHeaders }) => {
      if (message.httpVersion === '1.1')
        message.socket.write(`HTTP/1.1 ${statusCode} .\r\n${toLines(withoutFraming(rawHeaders))}\r\n`);
    });
    outgoing.on('upgrade', (_, upstream) => {
      upstream.destroy();
      fail();
    });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, forwardedFields(answer));
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    outgoing.on('error', fail);
    message.once('error', () => outgoing.destroy());
  };
  const upgrade = (message: IncomingMessage, client: Duplex, head: Buffer): void => {
    const protocol = message.headers.upgrade ?? '';
    const outgoing = send(message, ['connection', 'upgrade', 'upgrade', protocol]);
    outgoing.on('upgrade', (answer, upstream, first) => {
      client.write(
        `HTTP/1.1 101 Switching Protocols\r\n${toLines(forwardedFields(answer))}connection: upgrade\r\nupgrade: ${answer.headers.upgrade ?? ''}\r\n\r\n`,
      );
      client.write(first);
      upstream.write(head);
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    outgoing.on('response', (answer) => {
      const status = answer.statusCode === 101 ? 502 : (answer.statusCode ?? 502);
      client.write(`HTTP/1.1 ${status} .\r\n${toLines(forwardedFields(answer))}connection: close\r\n\r\n`);
      answer.pipe(client);
    });
    outgoing.on('error', () => client.destroy());
  };
  for (const listenPort of [port, http10Port]) {
    const server = createServer(forward);
    server.on('upgrade', upgrade);
    server.listen(listenPort, '127.0.0.1');
  }
}

for (const lane of JSON.parse(process.argv[2] ?? '[]') as LanePorts[]) openLane(lane);
// A client or an upstream that is gone is no reason to end.
process.on('uncaughtException', () => undefined);
