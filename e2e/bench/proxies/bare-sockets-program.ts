import { connect, createServer, type Socket } from 'node:net';

/**
 * A program: joins each client with an upstream connection of its own and passes bytes on as they are, in Node's
 * fastest way to read (`onread`) and to write (one latin1 string). It parses nothing and picks nothing: what it needs
 * for a request is what any proxy on Node's sockets needs at least. `bare-sockets-program.ts <port> <upstream port>`
 */
const [port, upstreamPort] = process.argv.slice(2).map(Number);
const slab = Buffer.allocUnsafeSlow(64 * 1024);

createServer({ noDelay: true }, (client) => {
  const upstream = connect({
    port: upstreamPort ?? 0,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer: slab, callback: (byteCount) => pass(client, slab, byteCount) },
  });
  client.on('data', (chunk: Buffer) => pass(upstream, chunk, chunk.length));
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
  for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
}).listen({ port, host: '127.0.0.1', backlog: 4096 });

function pass(to: Socket, chunk: Buffer, byteCount: number): true {
  to.write(chunk.toString('latin1', 0, byteCount), 'latin1');
  return true;
}
