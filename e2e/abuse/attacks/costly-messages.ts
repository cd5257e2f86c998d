import type { Socket } from 'node:net';
import type { Attack } from '../attack.ts';
import { writeForEver, type AttackSockets } from '../attack-sockets.ts';

const tinyChunks = Buffer.from('1\r\nx\r\n'.repeat(4096));

export const tinyChunksUp: Attack = {
  name: 'tiny-chunks-up',
  summary: 'request bodies in chunks of one byte, at full speed',
  connections: 20,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.write(`POST /abuse/sink HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n`);
      writeForEver(socket, tinyChunks);
    });
  },
};

export const tinyChunksDown: Attack = {
  name: 'tiny-chunks-down',
  summary: 'answers in chunks of one byte, at full speed',
  connections: 20,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.write(`GET /abuse/tiny HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    });
  },
};

/** One request at a time on each connection, each after the answer before. */
function repeat(sockets: AttackSockets, connections: number, request: Buffer): void {
  sockets.keepOpen(connections, (socket: Socket) => {
    socket.on('data', () => socket.write(request));
    socket.write(request);
  });
}

export const hugeHeads: Attack = {
  name: 'huge-heads',
  summary: 'heads of 59 KiB, just under the limit, one after the other',
  connections: 20,
  start({ host }, sockets, connections) {
    const value = 'x'.repeat(59 * 1024);
    repeat(
      sockets,
      connections,
      Buffer.from(`GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\nx-a: ${value}\r\n\r\n`),
    );
  },
};

export const manyFields: Attack = {
  name: 'many-fields',
  summary: 'heads of 95 header lines, one after the other',
  connections: 20,
  start({ host }, sockets, connections) {
    const fields = Array.from({ length: 94 }, (_, index) => `x-field-${index}: ${'v'.repeat(40)}\r\n`).join(
      '',
    );
    repeat(sockets, connections, Buffer.from(`GET /abuse/small HTTP/1.1\r\nhost: ${host}\r\n${fields}\r\n`));
  },
};
