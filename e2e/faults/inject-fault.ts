import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';
import type { InjectedFault } from './injected-fault.ts';

/**
 * Preloaded (`node --import`) into a plane and its workers: what a scenario writes to `HEDDLE_FAULT_FILE` happens at
 * SIGUSR2. The plane's own code knows nothing of it.
 */
const channel = new BroadcastChannel('injected-faults');
channel.onmessage = (message) => suffer((message as { readonly data: InjectedFault }).data);
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    const fault = JSON.parse(readFileSync(process.env['HEDDLE_FAULT_FILE'] ?? '', 'utf8')) as InjectedFault;
    channel.postMessage(fault);
    suffer(fault);
  });
}

const wallClock = Date.now;
const worker = isMainThread ? undefined : (workerData as { readonly index: number }).index;
let ballast: object[] = [];
let filling: NodeJS.Timeout | undefined;
let collectGarbage: (() => void) | undefined;

function suffer(fault: InjectedFault): void {
  switch (fault.kind) {
    case 'worker-throws':
      if (fault.worker === worker) {
        setImmediate(() => {
          throw new Error('thrown on purpose');
        });
      }
      break;
    case 'worker-exits':
      if (fault.worker === worker) process.exit(fault.code);
      break;
    case 'clock-jump':
      jump(fault.byMs);
      break;
    case 'fill-heap':
      if (!isMainThread) filling ??= setInterval(() => fillHeap(fault.megabytes), 100).unref();
      break;
    case 'free-heap':
      clearInterval(filling);
      filling = undefined;
      ballast = [];
      break;
  }
}

/** Every reading of the wall clock is so far off from now on; the monotonic clock and timers are not. */
function jump(byMs: number): void {
  const shifted = (): number => wallClock() + byMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, values: unknown[], newTarget) =>
      Reflect.construct(target, values.length === 0 ? [shifted()] : values, newTarget) as Date,
    get: (target, key, receiver) =>
      key === 'now' ? shifted : (Reflect.get(target, key, receiver) as unknown),
  });
}

/** Objects that stay, until what is in use without any garbage is so much. */
function fillHeap(megabytes: number): void {
  const usedBytes = (): number => getHeapStatistics().used_heap_size;
  const wantedBytes = megabytes * 1024 * 1024;
  if (usedBytes() >= wantedBytes) return;
  collectGarbage ??= findCollector();
  collectGarbage();
  while (usedBytes() < wantedBytes) {
    const block = new Array<object>(10_000);
    for (let index = 0; index < block.length; index++) block[index] = { index };
    ballast.push(block);
  }
}

function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
