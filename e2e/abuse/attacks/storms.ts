import type { Socket } from 'node:net';
import type { Attack, AttackTarget } from '../attack.ts';
import { reset } from '../attack-sockets.ts';

export const resets: Attack = {
  name: 'resets',
  summary: 'connect, send a request, reset, at full speed',
  connections: 50,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.write(`GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\n\r\n`, () => reset(socket));
    });
  },
};

export const upgrades: Attack = {
  name: 'upgrades',
  summary: 'connect, ask for an upgrade, reset, at full speed',
  connections: 50,
  start({ host }, sockets, connections) {
    const head = `GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
    sockets.keepOpen(connections, (socket) => {
      socket.write(head, () => reset(socket));
    });
  },
};

/** What a client has sent when it sends its FIN. */
const beforeFin = [
  () => '',
  () => 'GET / HT',
  ({ host }: AttackTarget) => `GET / HTTP/1.1\r\nhost: ${host}\r\n`,
  ({ host }: AttackTarget) => `GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
  ({ host }: AttackTarget) => `POST /abuse/sink HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 9\r\n\r\nxyz`,
  ({ host }: AttackTarget) =>
    `POST /abuse/sink HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n9\r\nxyz`,
  ({ host }: AttackTarget) => `GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\n\r\nGET /abuse/sm`,
  ({ host }: AttackTarget) => `GET /abuse/large HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
] as const;

export const halfCloses: Attack = {
  name: 'half-closes',
  summary: 'connections that end their half in each state of a request, at full speed',
  connections: 50,
  start(target, sockets, connections) {
    let count = 0;
    sockets.keepOpen(connections, (socket: Socket) => {
      const text = beforeFin[count++ % beforeFin.length]?.(target) ?? '';
      socket.end(text);
      // The large answer is nothing that they wait for.
      sockets.after(500, () => socket.destroy());
    });
  },
};
