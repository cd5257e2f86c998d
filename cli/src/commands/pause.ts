import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '@heddle/shared/time/clock';

/** Resolves with false after `delayMs`, and keeps the process alive until then, which a clock's timer does not. */
export async function pauseAlive(clock: Clock, delayMs: number): Promise<false> {
  using _awake = stayAwake();
  await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
  return false;
}

/** Keeps the process alive until disposed, although nothing is open: a message port that listens does that. */
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
