import http from 'node:http';

/** What one service of the shop does with a request. Returns the JSON of the answer. */
export type Answer = (request: http.IncomingMessage) => Promise<Upstream> | Upstream;

export interface Upstream {
  readonly body: Readonly<Record<string, unknown>>;
  /** Headers of an upstream's answer that the own answer hands on. */
  readonly headers?: http.OutgoingHttpHeaders;
}

/**
 * A plain HTTP server on PORT. It knows nothing of the mesh except OUTBOUND, the address of the sidecar beside it.
 * `/healthz` answers health checks; SIGTERM lets the requests in flight end.
 */
export function serveShop(name: string, answer: Answer): void {
  const version = process.env['VERSION'] ?? 'v1';
  const instance = process.env['INSTANCE'] ?? name;

  async function respond(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      const { body, headers } =
        request.url === '/healthz' ? { body: { status: 'ok' } } : await answer(request);
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'x-version': version,
          'x-instance': instance,
          ...headers,
        })
        .end(`${JSON.stringify({ service: name, version, instance, ...body })}\n`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      response.writeHead(502, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ service: name, version, instance, error: reason })}\n`);
    }
  }

  const server = http.createServer((request, response) => void respond(request, response));
  server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
  });
}

const agent = new http.Agent({ keepAlive: true });

/** Calls another service of the mesh: the sidecar's outbound port, and the service's name as Host. */
export function callService(
  service: string,
  path: string,
): Promise<{ body: unknown; headers: http.IncomingHttpHeaders }> {
  const outbound = process.env['OUTBOUND'] ?? 'http://127.0.0.1:15001';
  return new Promise((resolve, reject) => {
    const request = http.get(new URL(path, outbound), { agent, headers: { host: service } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`${service} answers ${String(response.statusCode)}: ${text.slice(0, 200)}`));
          return;
        }
        resolve({ body: JSON.parse(text), headers: response.headers });
      });
    });
    request.setTimeout(5000, () => request.destroy(new Error(`${service} does not answer`)));
    request.once('error', reject);
  });
}
