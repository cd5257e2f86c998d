import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';

/**
 * The upstream of attacks that speaks HTTP/2: `/abuse-http2/small` 24 bytes; `/abuse-http2/large` 10 MB;
 * `/abuse-http2/endless` for ever. It lets its peer have as many streams on one connection as it likes.
 */
export function createHttp2AbuseUpstream(): Http2Server {
  const settings = { maxConcurrentStreams: 100_000, initialWindowSize: 1024 * 1024 };
  // Node's own defences would refuse the others' streams, or close the proxy's connection: not what is measured.
  const server = createServer({
    settings,
    ...{
      maxSessionMemory: 100_000,
      maxSessionInvalidFrames: unlimited,
      maxSessionRejectedStreams: unlimited,
    },
    ...{ streamResetBurst: unlimited, streamResetRate: unlimited },
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.resume();
    answer(stream, headers[':path'] ?? '');
  });
  server.on('sessionError', () => undefined);
  return server;
}

const unlimited = 1_000_000_000;
const largeBytes = 10_000_000;
const piece = Buffer.alloc(64 * 1024, 'y');

function answer(stream: ServerHttp2Stream, path: string): void {
  switch (path) {
    case '/abuse-http2/small':
      stream.respond({ ':status': 200, 'content-length': 24 });
      stream.end('hello from the upstream\n');
      return;
    case '/abuse-http2/large':
      stream.respond({ ':status': 200, 'content-length': largeBytes });
      writeSome(stream, largeBytes);
      return;
    case '/abuse-http2/endless':
      stream.respond({ ':status': 200 });
      writeSome(stream, Infinity);
      return;
    default:
      stream.respond({ ':status': 404 }, { endStream: true });
  }
}

/** `byteCount` bytes, as fast as they are taken. */
function writeSome(stream: ServerHttp2Stream, byteCount: number): void {
  let left = byteCount;
  const write = (): void => {
    while (left > 0 && !stream.destroyed) {
      const part = left < piece.length ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (stream.write(part)) continue;
      stream.once('drain', write);
      return;
    }
    stream.end();
  };
  write();
}
