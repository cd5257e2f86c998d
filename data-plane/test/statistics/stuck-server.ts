import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** An address that listens and never accepts, so that connections to it are neither made nor refused. */
export interface StuckServer {
  readonly port: number;
  close(): Promise<void>;
}

// A thread that sleeps takes nothing from the queue of its socket.
const thread = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** More than the queue holds; the kernel leaves those beyond it unanswered. */
const fillingCount = 4;

export async function startStuckServer(): Promise<StuckServer> {
  const worker = new Worker(thread, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const filling: Socket[] = [];
  for (let index = 0; index < fillingCount; index++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    filling.push(socket);
  }
  // The first two are answered; by then the queue is full.
  await Promise.all(filling.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    port,
    async close() {
      for (const socket of filling) socket.destroy();
      await worker.terminate();
    },
  };
}
