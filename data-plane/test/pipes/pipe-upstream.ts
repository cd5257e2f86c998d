import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';

/** A server on a Unix domain socket, until the test ends: answers with what of the request a proxy decides. */
export async function startPipeUpstream(t: TestContext, path: string): Promise<{ readonly paths: string[] }> {
  const paths: string[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    paths.push(url);
    const forwarded = String(headers['x-forwarded-for']);
    const external = String(headers['x-envoy-external-address']);
    response.end(`for ${forwarded}, external ${external}, internal ${String(headers['x-envoy-internal'])}`);
  });
  server.listen({ path });
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { paths };
}
