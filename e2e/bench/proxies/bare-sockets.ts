import path from 'node:path';
import type { Proxy } from './proxy.ts';

/** No proxy, but the floor of all that run on Node's sockets: see `bare-sockets-program.ts`. */
export function createBareSockets(): Proxy {
  return {
    name: 'node:net without HTTP',
    program: process.execPath,
    hasAdmin: false,
    speaks: () => true,
    prepare: (_folder, { port, upstreamPort }) => [
      process.execPath,
      path.join(import.meta.dirname, 'bare-sockets-program.ts'),
      String(port),
      String(upstreamPort),
    ],
  };
}
