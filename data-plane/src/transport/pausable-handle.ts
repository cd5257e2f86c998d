import { isIPv6, connect, createServer, type AddressInfo, type ListenOptions, type Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';

/**
 * Beside `accepted-socket.ts` the second place that reaches into Node: a listening socket that accepts nothing for a
 * while. Node has no word for it, and to close the socket would reset what waits in its queue. libuv polls a handle
 * that was opened by descriptor for reading when asked, and stops polling it when asked; to listen anew polls again.
 * `findPausableHandles` tries that out on loopback when a worker starts; where Node has changed there are none.
 */
export interface PausableHandles {
  /** Bound, not yet listening: for `server.listen`. @throws NodeJS.ErrnoException */
  bind(options: BindOptions): ListenOptions;
}

export interface BindOptions {
  readonly address: string;
  readonly port: number;
  readonly hasReusePort: boolean;
  readonly isIpv6Only: boolean;
}

interface TcpHandle {
  readonly fd: number;
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  open(fd: number): number;
  listen(backlog: number): number;
  readStart(): number;
  readStop(): number;
  close(): void;
}

const neededMethods = ['bind', 'bind6', 'open', 'listen', 'readStart', 'readStop', 'close'];
/** Of Node's TCP handles: one that listens. */
const serverType = 1;
/** libuv's flags of a bind. */
const ipv6OnlyFlag = 1;
const reusePortFlag = 2;

function handleOf(server: Server): TcpHandle | undefined {
  const handle: unknown = Reflect.get(server, '_handle');
  const isUsable =
    typeof handle === 'object' &&
    handle !== null &&
    neededMethods.every((name) => typeof (handle as Record<string, unknown>)[name] === 'function');
  return isUsable ? (handle as TcpHandle) : undefined;
}

/** Connections wait in the kernel's queue until `resumeAccepting`. False: the server accepts as before. */
export function pauseAccepting(server: Server): boolean {
  const handle = handleOf(server);
  if (handle === undefined || handle.readStart() !== 0) return false;
  return handle.readStop() === 0;
}

export function resumeAccepting(server: Server, backlog: number): void {
  handleOf(server)?.listen(backlog);
}

/** The lowest free descriptor when the socket was accepted or opened. Undefined where Node does not tell. */
export function descriptorOf(socket: object): number | undefined {
  const fd = (socket as { readonly _handle?: { readonly fd?: unknown } | null })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** Never rejects; undefined where the self-test fails. */
export async function findPausableHandles(): Promise<PausableHandles | undefined> {
  const probe = createServer();
  const server = createServer((socket) => socket.end('accepted'));
  try {
    await listening(probe, { host: '127.0.0.1', port: 0 });
    const Handle = handleOf(probe)?.constructor as (new (type: number) => TcpHandle) | undefined;
    if (Handle === undefined) return undefined;
    const handles = createPausableHandles(Handle);
    const options = { address: '127.0.0.1', port: 0, hasReusePort: false, isIpv6Only: false };
    await listening(server, handles.bind(options));
    return (await canPause(server)) ? handles : undefined;
  } catch {
    return undefined;
  } finally {
    probe.close();
    server.close();
  }
}

function createPausableHandles(Handle: new (type: number) => TcpHandle): PausableHandles {
  return {
    bind({ address, port, hasReusePort, isIpv6Only }) {
      const handle = new Handle(serverType);
      const flags = (hasReusePort ? reusePortFlag : 0) | (isIpv6Only ? ipv6OnlyFlag : 0);
      const bound = isIPv6(address)
        ? handle.bind6(address, port, flags)
        : handle.bind(address, port, flags & ~ipv6OnlyFlag);
      // Its own descriptor again: from now on it may be read, which is what can be stopped.
      const status = bound === 0 ? handle.open(handle.fd) : bound;
      if (status !== 0) {
        handle.close();
        const code = getSystemErrorName(status);
        throw Object.assign(new Error(`bind ${code}`), { code, errno: status });
      }
      // Node's `listen` takes a handle, which its types do not say.
      return handle as unknown as ListenOptions;
    },
  };
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    server.listen(options);
  });
}

async function canPause(server: Server): Promise<boolean> {
  if (!pauseAccepting(server)) return false;
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  try {
    let received = '';
    const ended = new Promise<void>((resolve, reject) => {
      client.once('error', reject);
      client.once('close', () => resolve());
    });
    client.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    await new Promise<void>((resolve, reject) => {
      client.once('error', reject);
      client.once('connect', resolve);
    });
    // One connection is accepted in each turn of the event loop.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    if ((await connectionCountOf(server)) !== 0) return false;
    resumeAccepting(server, 1);
    client.end();
    await ended;
    return received === 'accepted';
  } finally {
    client.destroy();
  }
}

function connectionCountOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
