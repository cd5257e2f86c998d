import http from 'node:http';

/** A change, as a request to 127.0.0.1. */
export interface HttpWrite {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  readonly contentType?: string;
}

const agent = new http.Agent({ keepAlive: true });

/** Throws when the answer is no 2xx. */
export function sendWrite({ port, method, path, body, contentType }: HttpWrite): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': contentType ?? 'application/json' };
    const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('error', reject);
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else reject(new Error(`${method} ${path} was answered ${status}: ${text}`));
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}
