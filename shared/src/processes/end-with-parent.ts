import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded (`node --import`) into every Node process that we start: the process ends when the one that started
 * it is gone, whatever killed that. The sign is the IPC channel, which the kernel closes. Loading it is its
 * effect; that is what a preload is for.
 */
if (isMainThread && process.connected) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // A listener keeps the channel open, and with it the process; it must not.
  process.channel?.unref();
}
