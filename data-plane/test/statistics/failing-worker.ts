import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { createV8Heap } from '../../src/overload/heap-monitor.ts';

/** Preloaded into a sidecar: SIGUSR2 fills the heaps of its workers up to nine tenths, SIGWINCH ends them. */
const channel = new BroadcastChannel('failing-worker');
channel.unref();
const ballast: object[] = [];

if (isMainThread) {
  process.on('SIGUSR2', () => channel.postMessage('fill'));
  process.on('SIGWINCH', () => channel.postMessage('throw'));
} else {
  channel.onmessage = (message) => {
    if ((message as { readonly data: string }).data === 'fill') fillHeap();
    else setImmediate(throwOnPurpose);
  };
}

function fillHeap(): void {
  const heap = createV8Heap();
  while (heap.read().usedBytes < heap.read().limitBytes * 0.9) {
    const block = new Array<object>(10_000);
    for (let index = 0; index < block.length; index++) block[index] = { index };
    ballast.push(block);
  }
}

function throwOnPurpose(): void {
  throw new Error('thrown on purpose');
}
