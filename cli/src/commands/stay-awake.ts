import { MessageChannel } from 'node:worker_threads';

/** Keeps the process alive until disposed, which a clock's timer does not: a message port that listens does. */
export function stayAwake(): Disposable {
  const { port1, port2 } = new MessageChannel();
  port1.ref();
  return {
    [Symbol.dispose]: () => {
      port1.close();
      port2.close();
    },
  };
}
