import type { TimerWheel } from '../time/timer-wheel.ts';
import { WriteBatch } from './write-batch.ts';

/** What all connections of one worker share. */
export interface TransportContext {
  readonly wheel: TimerWheel;
  readonly batch: WriteBatch;
  readonly nextConnectionId: () => number;
}

/** Workers draw from disjoint sequences, so that an id is unique in the process without talking to the others. */
export function createTransportContext(
  wheel: TimerWheel,
  workerIndex = 0,
  workerCount = 1,
): TransportContext {
  let lastId = workerIndex + 1 - workerCount;
  return { wheel, batch: new WriteBatch(), nextConnectionId: () => (lastId += workerCount) };
}
