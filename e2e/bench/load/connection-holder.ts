import { connect, type Socket } from 'node:net';
import { answerQuestions } from '../helper-process.ts';
import { benchHost } from '../proxies/proxy.ts';

/**
 * `open`: opens so many further connections, each sends one request; answered when all have their answer, with the
 * number of connections now. `close`: closes all; answered with how many were still open.
 */
export type HolderQuestion =
  { readonly kind: 'open'; readonly port: number; readonly count: number } | { readonly kind: 'close' };

/** Connections that wait for their answer at the same time. */
const parallel = 50;
const request = `GET / HTTP/1.1\r\nhost: ${benchHost}\r\n\r\n`;
const open = new Set<Socket>();

async function openMany(port: number, count: number): Promise<number> {
  let started = 0;
  const openInTurn = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      await openOne(port);
    }
  };
  await Promise.all(Array.from({ length: parallel }, openInTurn));
  return open.size;
}

function openOne(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(request));
    // The answer is small: it comes in one piece.
    socket.once('data', (chunk) => {
      open.add(socket);
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) resolve();
      else reject(new Error(`a connection was answered ${chunk.toString('latin1')}`));
      socket.resume();
    });
    socket.on('error', reject);
    socket.once('close', () => {
      open.delete(socket);
      reject(new Error('a connection was closed before its answer'));
    });
  });
}

answerQuestions(async (question) => {
  const asked = question as HolderQuestion;
  if (asked.kind === 'open') return openMany(asked.port, asked.count);
  const count = open.size;
  for (const socket of open) socket.destroy();
  open.clear();
  return Promise.resolve(count);
});
