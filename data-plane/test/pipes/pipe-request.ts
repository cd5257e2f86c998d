import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export interface PipeAnswer {
  readonly status: number;
  readonly body: string;
}

/** One request on a connection of its own. `path` of the socket: with a zero byte at its front, an abstract one. */
export async function askPipe(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<PipeAnswer> {
  const sent = request({ socketPath, path, headers: { host: 'a.test', ...headers }, agent: false });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += String(chunk);
  return { status: answer.statusCode ?? 0, body };
}
