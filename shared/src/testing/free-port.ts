import { createServer } from 'node:net';

/**
 * `count` different TCP ports of 127.0.0.1 that nobody listens on. Below the kernel's ephemeral range no outgoing
 * connection takes one before it is used, so they are drawn from there by trying.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const candidate = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (!ports.has(candidate) && (await isFree(candidate))) ports.add(candidate);
  }
  return [...ports];
}

export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  return port!;
}

/** Linux hands out 32768–60999 to outgoing connections. */
const lowestPort = 20_000;
const highestPort = 32_000;

/** Whether 127.0.0.1 and every other address of the machine have the port free. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
