import { createServer, type Server, type Socket } from 'node:net';
import { writeForEver } from './attack-sockets.ts';

/**
 * The upstream of attacks. It reads heads only as far as it must to know the path, and takes bodies for granted:
 *
 * - `/abuse/small` 24 bytes; `/abuse/large` 100 MB; `/abuse/endless` chunks of 64 KiB for ever; `/abuse/tiny` chunks of
 *   one byte for ever
 * - `/abuse/sink` reads and never answers; `/abuse/stalled` stops reading
 */
export function createAbuseUpstream(): Server {
  return createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'));
      head = '';
      if (path !== '/abuse/small') socket.off('data', onData);
      answer(socket, path);
    };
    socket.on('data', onData);
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
}

const largeBytes = 100_000_000;
const piece = Buffer.alloc(64 * 1024, 'y');
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
const tinyChunks = Buffer.from('1\r\ny\r\n'.repeat(4096));

function answer(socket: Socket, path: string): void {
  switch (path) {
    case '/abuse/small':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\nhello from the upstream\n');
      return;
    case '/abuse/large':
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${largeBytes}\r\n\r\n`);
      socket.resume();
      writeSome(socket, largeBytes);
      return;
    case '/abuse/endless':
      socket.write(chunked);
      socket.resume();
      writeForEver(socket, chunk);
      return;
    case '/abuse/tiny':
      socket.write(chunked);
      socket.resume();
      writeForEver(socket, tinyChunks);
      return;
    case '/abuse/stalled':
      socket.pause();
      return;
    case '/abuse/sink':
      socket.resume();
      return;
    default:
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }
}

/** `byteCount` bytes, as fast as they are taken; then the connection ends, since nothing was read behind the request. */
function writeSome(socket: Socket, byteCount: number): void {
  let left = byteCount;
  const write = (): void => {
    while (left > 0 && !socket.destroyed) {
      const part = left < piece.length ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (socket.write(part)) continue;
      socket.once('drain', write);
      return;
    }
    socket.end();
  };
  write();
}
