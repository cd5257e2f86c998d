import { createServer } from 'node:net';
import { MessageReader } from './message-reader.ts';

/** A program: reads requests of any size and answers each with 1 MiB. `large-body-upstream.ts <port>` */
const bodyBytes = 1024 * 1024;
const answer = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bodyBytes}\r\n\r\n`,
  ),
  Buffer.alloc(bodyBytes, 'y'),
]);

createServer({ noDelay: true }, (socket) => {
  const reader = new MessageReader();
  socket.on('data', (chunk) => {
    for (let left = reader.read(chunk); left > 0; left--) socket.write(answer);
  });
  socket.on('error', () => socket.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');
