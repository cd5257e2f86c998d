import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { SceneRequest } from './comparison.ts';

/** Different from run to run, or the codec's business. */
const volatile = new Set([
  'date',
  'x-envoy-upstream-service-time',
  'x-request-id',
  'connection',
  'keep-alive',
]);

/** Status, fields, body and trailers of the answer. */
export async function send(port: number, { path, headers, body = '' }: SceneRequest): Promise<string[]> {
  const fields = { host: 'a.test', ...headers, 'content-length': String(body.length) };
  const call = request({ port, host: '127.0.0.1', method: 'POST', path, headers: fields, agent: false });
  call.end(body, 'latin1');
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const text = await readAll(answer);
  return [String(answer.statusCode), ...linesOf(answer.rawHeaders), text, ...linesOf(answer.rawTrailers)];
}

/** `name: value` of what does not change from run to run, sorted. */
export function linesOf(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!volatile.has(name)) lines.push(`${name}: ${raw[index + 1] ?? ''}`);
  }
  return lines.sort();
}

/** A body, latin1. */
export async function readAll(message: IncomingMessage): Promise<string> {
  let body = '';
  message.setEncoding('latin1');
  for await (const piece of message) body += String(piece);
  return body;
}
