import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly durationMs: number;
}

export interface CallOptions {
  readonly method?: string;
  /** Host header. */
  readonly host?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
  readonly timeoutMs?: number;
  /** 127.0.0.1 unless given. */
  readonly address?: string;
}

/** One request on a connection of its own. Rejects when there is no whole answer. */
export function call(port: number, path: string, options: CallOptions = {}): Promise<Answer> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: options.address ?? '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        agent: false,
        headers: { ...options.headers, ...(options.host === undefined ? {} : { host: options.host }) },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            durationMs: performance.now() - startedMs,
          }),
        );
      },
    );
    request.setTimeout(options.timeoutMs ?? 10_000, () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
    request.end(options.body);
  });
}
