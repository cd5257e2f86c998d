import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { createV8Heap } from '../../src/overload/heap-monitor.ts';

/** Preloaded into a sidecar: SIGUSR2 fills the heaps of its workers until they count as exhausted, SIGWINCH ends them. */
const channel = new BroadcastChannel('failing-worker');
channel.unref();
const ballast: object[] = [];
/** Enough to count as exhausted, with room for what the worker does meanwhile. */
const fullRatio = 0.88;

if (isMainThread) {
  process.on('SIGUSR2', () => channel.postMessage('fill'));
  process.on('SIGWINCH', () => channel.postMessage('throw'));
} else {
  channel.onmessage = (message) => {
    if ((message as { readonly data: string }).data === 'fill') fillHeap();
    else setImmediate(throwOnPurpose);
  };
}

/** Without what nobody holds, or the next collection would make room again. */
function fillHeap(): void {
  const heap = createV8Heap();
  const isFull = (): boolean => heap.read().usedBytes >= heap.read().limitBytes * fullRatio;
  while (!isFull()) {
    while (!isFull()) {
      const block = new Array<object>(10_000);
      for (let index = 0; index < block.length; index++) block[index] = { index };
      ballast.push(block);
    }
    heap.collect();
  }
}

function throwOnPurpose(): void {
  throw new Error('thrown on purpose');
}
