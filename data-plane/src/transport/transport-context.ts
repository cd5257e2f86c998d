import type { PausableHandles } from './pausable-handle.ts';
import { GatherBuffers } from './gather-buffers.ts';
import { ReadSlabs } from './read-slabs.ts';
import type { ReaderAttachment } from './reader-attachment.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import { WriteBatch } from './write-batch.ts';

/** What all connections of one worker share. */
export interface TransportContext {
  readonly wheel: TimerWheel;
  readonly batch: WriteBatch;
  readonly nextConnectionId: () => number;
  /** What sockets read into; see `SocketReader`. */
  readonly readSlabs: ReadSlabs;
  readonly gatherBuffers: GatherBuffers;
  /** Accepted sockets read that way too; `canInterceptAccept` said that they can. */
  readonly hasFastAccept: boolean;
  /** Sockets with TLS read that way too; undefined where Node lets none. */
  readonly readerAttachment: ReaderAttachment | undefined;
  /** Listening sockets that can stop accepting; undefined where Node has none. */
  readonly pausableHandles: PausableHandles | undefined;
  /** Called with the descriptor of each accepted socket: every lower one was taken at that moment. */
  readonly onDescriptor: ((descriptor: number) => void) | undefined;
}

export interface TransportContextOptions {
  readonly workerIndex?: number;
  readonly workerCount?: number;
  readonly hasFastAccept?: boolean;
  readonly readerAttachment?: ReaderAttachment | undefined;
  readonly pausableHandles?: PausableHandles | undefined;
  readonly onDescriptor?: (descriptor: number) => void;
}

/** Workers draw from disjoint sequences, so that an id is unique in the process without talking to the others. */
export function createTransportContext(
  wheel: TimerWheel,
  options: TransportContextOptions = {},
): TransportContext {
  const { workerIndex = 0, workerCount = 1, hasFastAccept = false } = options;
  const { readerAttachment, pausableHandles, onDescriptor } = options;
  let lastId = workerIndex + 1 - workerCount;
  return {
    wheel,
    batch: new WriteBatch(wheel),
    nextConnectionId: () => (lastId += workerCount),
    readSlabs: new ReadSlabs(wheel),
    gatherBuffers: new GatherBuffers(),
    hasFastAccept,
    readerAttachment,
    pausableHandles,
    onDescriptor,
  };
}
