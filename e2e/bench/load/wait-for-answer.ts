import { request as plainRequest } from 'node:http';
import { connect } from 'node:http2';
import { request as secureRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** `/` unless given. */
  readonly path?: string;
  /** Between two attempts; 20 ms unless given. */
  readonly intervalMs?: number;
  /** HTTP/2 without TLS, not HTTP/1.1. */
  readonly isHttp2?: boolean;
  /** HTTP/1.1 over TLS; any certificate is taken. */
  readonly isTls?: boolean;
}

/** Until a GET is answered with 200. @throws after `limitMs`, with what happened last. */
export async function waitForAnswer(
  port: number,
  host: string,
  limitMs: number,
  { path = '/', intervalMs = 20, isHttp2 = false, isTls = false }: WaitOptions = {},
): Promise<void> {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const status = await (isHttp2 ? getHttp2Status(port, host, path) : getStatus(port, host, path, isTls));
      if (status === 200) return;
      last = `status ${status}`;
    } catch (error) {
      last = error;
    }
    await delay(intervalMs);
  }
  throw new Error(`nothing answers on port ${port}: ${String(last)}`);
}

function getStatus(port: number, host: string, path: string, isTls: boolean): Promise<number> {
  const request = isTls ? secureRequest : plainRequest;
  const tls = isTls ? { rejectUnauthorized: false } : {};
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host }, agent: false, ...tls }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

function getHttp2Status(port: number, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.once('error', reject);
    session
      .request({ ':authority': host, ':path': path })
      .once('response', (headers) => resolve(headers[':status'] ?? 0))
      .once('error', reject)
      .once('close', () => session.close())
      .resume();
  });
}
