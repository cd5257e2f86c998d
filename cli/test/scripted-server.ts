import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: http.OutgoingHttpHeaders;
}

export interface SeenRequest {
  readonly line: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** A REST API that answers from a table of `METHOD /path`; what is not in it is a 404 problem document. */
export async function startScriptedServer(
  answers: Readonly<Record<string, ScriptedAnswer>>,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (text += chunk));
    request.once('end', () => {
      seen.push({ line, headers: request.headers, body: text });
      const {
        status = 200,
        body,
        headers,
      } = answers[line] ?? {
        status: 404,
        body: { code: 'not-found', title: 'There is no such object', detail: `nothing at ${line}` },
      };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
