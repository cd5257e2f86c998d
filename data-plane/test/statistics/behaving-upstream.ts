import type { Socket } from 'node:net';
import { startTcpServer, type UpstreamServer } from '../../src/upstream/testing/upstream-server.ts';

/**
 * An HTTP/1.1 server that does what the path says: `/status/503` answers so, with `/canary`, `/again`, `/degraded`,
 * `/fail-check` or `/bye` behind it with a field for each; `/hold` never answers, `/close` closes, `/reset` resets,
 * `/turns` answers 503 and 200 by turns, `/garbage` is no HTTP, `/half` breaks off within the answer, `/big` is more
 * than buffers hold, `/deaf` stops reading until somebody asks for `/hear`. Health checks ask for `/health/<name>`,
 * whose answers `health` says.
 */
export interface BehavingUpstream extends UpstreamServer {
  /** Requests whose head has come, by path. */
  readonly seen: string[];
  /** What follows `/health/<name>` decides: a path of the above, without its first slash. */
  readonly health: Map<string, string>;
}

/** What the server remembers between requests. */
interface UpstreamState {
  readonly deaf: Socket[];
  turnCount: number;
}

const bigBytes = 32 * 1024 * 1024;

const fields: Readonly<Record<string, string>> = {
  canary: 'x-envoy-upstream-canary: true',
  again: 'x-again: 1',
  degraded: 'x-envoy-degraded: true',
  'fail-check': 'x-envoy-immediate-health-check-fail: true',
  bye: 'connection: close',
};

export async function startBehavingUpstream(): Promise<BehavingUpstream> {
  const seen: string[] = [];
  const health = new Map<string, string>();
  const state: UpstreamState = { deaf: [], turnCount: 0 };
  const server = await startTcpServer((socket) => {
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const path = head.split(' ')[1] ?? '';
      const isRequest = /^[A-Z]+ \/.* HTTP\/1\.1\r\n/.test(head);
      head = '';
      if (!isRequest) return;
      seen.push(path);
      const name = /^\/health\/(.+)$/.exec(path)?.[1];
      behave(socket, name === undefined ? path : `/${health.get(name) ?? 'status/200'}`, state);
    });
  });
  return { ...server, seen, health };
}

function behave(socket: Socket, path: string, state: UpstreamState): void {
  const [, action = '', ...rest] = path.split('/');
  switch (action) {
    case 'status':
      answer(socket, rest[0] ?? '200', rest.slice(1));
      break;
    case 'close':
      socket.destroy();
      break;
    case 'reset':
      socket.resetAndDestroy();
      break;
    case 'garbage':
      socket.write('this is no HTTP\r\n\r\n');
      break;
    case 'half':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', () => socket.destroy());
      break;
    case 'deaf':
      socket.pause();
      state.deaf.push(socket);
      break;
    case 'turns':
      answer(socket, state.turnCount++ % 2 === 0 ? '503' : '200', []);
      break;
    case 'hear':
      for (const other of state.deaf.splice(0)) other.resume();
      answer(socket, '200', []);
      break;
    case 'big':
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bigBytes}\r\n\r\n`);
      socket.write(Buffer.alloc(bigBytes));
      break;
    default:
      break;
  }
}

function answer(socket: Socket, status: string, words: readonly string[]): void {
  const lines = words.flatMap((word) => fields[word] ?? []);
  const framing = status === '101' ? 'upgrade: test\r\nconnection: upgrade' : 'content-length: 0';
  socket.write([`HTTP/1.1 ${status} X`, framing, ...lines, '', ''].join('\r\n'));
  if (words.includes('bye')) socket.end();
}
