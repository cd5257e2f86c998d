import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import type { Logger } from '@heddle/shared/logging/logger';
import { formatAddress, isPipe, type Address, type ListenAddress } from '../config/model/address.ts';

/** One admin path. Answers come from the main thread; nothing here touches a request of the data path. */
export interface AdminEndpoint {
  readonly path: string;
  readonly help: string;
  /** Changes something: POST only. */
  readonly isMutating: boolean;
  /** Wants to see what was posted; the others get no `body`. */
  readonly readsBody?: boolean;
  handle(query: URLSearchParams, body?: string): AdminAnswer | Promise<AdminAnswer>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: 'text' | 'json';
  readonly body: string;
}

export const textAnswer = (body: string, status = 200): AdminAnswer => ({
  status,
  contentType: 'text',
  body,
});

/** Envoy prints JSON with an indent of one. */
export const jsonAnswer = (value: unknown): AdminAnswer => ({
  status: 200,
  contentType: 'json',
  body: `${JSON.stringify(value, undefined, 1)}\n`,
});

export interface AdminServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** Listens at once, or throws. */
type ListenOnPipe = (server: Server, address: ListenAddress) => void;

const maxBodyBytes = 64 * 1024;

const contentTypes = { text: 'text/plain; charset=UTF-8', json: 'application/json' };

/**
 * The admin interface: Envoy's paths, methods and formats. Has no authentication, as Envoy's; bind it to loopback.
 *
 * @throws HeddleError `port-in-use`
 */
export async function startAdminServer(
  address: ListenAddress,
  endpoints: readonly AdminEndpoint[],
  logger: Logger,
  listenOnPipe: ListenOnPipe,
): Promise<AdminServer> {
  const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));
  // Not by `import`: a module's namespace asks `node:http` for its WebSocket, which loads undici: 20 ms and 12 MiB.
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer((request, response) => {
    answer(byPath, request).then(
      (result) => send(response, result),
      (error: unknown) => {
        logger.error({ err: messageOf(error), path: request.url }, 'admin request failed');
        send(response, textAnswer('internal error\n', 500));
      },
    );
  });
  await listen(server, address, listenOnPipe);
  const bound = isPipe(address) ? address : (server.address() as AddressInfo);
  return {
    address: { address: bound.address, port: bound.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  byPath: ReadonlyMap<string, AdminEndpoint>,
  request: IncomingMessage,
): Promise<AdminAnswer> {
  const target = request.url ?? '/';
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const endpoint = byPath.get(path);
  if (endpoint === undefined) {
    const status = path === '/' || path === '/help' ? 200 : 404;
    const intro = status === 200 ? '' : 'invalid path. ';
    return textAnswer(`${intro}admin commands are:\n${helpOf(byPath)}`, status);
  }
  const method = request.method ?? '';
  if (endpoint.isMutating && method !== 'POST') {
    return textAnswer(`Method ${method} not allowed, POST required.\n`, 405);
  }
  const body = endpoint.readsBody === true ? await readBody(request) : '';
  if (body === undefined) return textAnswer(`the body has more than ${maxBodyBytes} bytes\n`, 413);
  return endpoint.handle(new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1)), body);
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // The rest is read too, and thrown away: who is cut off while it sends does not read why.
    if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
  }
  return sizeBytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString();
}

function helpOf(byPath: ReadonlyMap<string, AdminEndpoint>): string {
  const lines = [...byPath.values()].map(
    ({ path, help, isMutating }) => `  ${path}${isMutating ? ' (POST)' : ''}: ${help}\n`,
  );
  return lines.sort().join('');
}

function send(response: ServerResponse, { status, contentType, body }: AdminAnswer): void {
  response.writeHead(status, {
    'content-type': contentTypes[contentType],
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function listen(server: Server, address: ListenAddress, listenOnPipe: ListenOnPipe): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const reason = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.message})`;
      const message = `admin address ${formatAddress(address)} ${reason}`;
      reject(new HeddleError('port-in-use', message, { cause: error }));
    };
    server.once('error', onError);
    server.once('listening', () => {
      server.removeListener('error', onError);
      resolve();
    });
    try {
      if (isPipe(address)) listenOnPipe(server, address);
      else server.listen({ host: address.address, port: address.port });
    } catch (error) {
      onError(error as NodeJS.ErrnoException);
    }
  });
}
