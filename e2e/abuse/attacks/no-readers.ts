import type { Attack } from '../attack.ts';
import { writeForEver } from '../attack-sockets.ts';

function pipelining(name: string, path: string, summary: string): Attack {
  return {
    name,
    summary,
    connections: 50,
    start({ host }, sockets, connections) {
      const requests = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(200));
      sockets.keepOpen(connections, (socket) => {
        socket.pause();
        writeForEver(socket, requests);
      });
    },
  };
}

export const pipeliningSmall = pipelining(
  'pipelining-small',
  '/abuse/small',
  'requests without end, small answers that nobody reads',
);

export const pipeliningLarge = pipelining(
  'pipelining-large',
  '/abuse/large',
  'requests without end, answers of 100 MB that nobody reads',
);

export const stalledClients: Attack = {
  name: 'stalled-clients',
  summary: 'an answer without end, at full speed, to clients that stop after its head',
  connections: 50,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.once('data', () => socket.pause());
      socket.write(`GET /abuse/endless HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    });
  },
};

/** `10000` is 64 KiB. */
const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);

export const stalledUpstream: Attack = {
  name: 'stalled-upstream',
  summary: 'uploads without end, at full speed, to an upstream that stops reading',
  connections: 50,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.write(`POST /abuse/stalled HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n`);
      writeForEver(socket, chunk);
    });
  },
};
