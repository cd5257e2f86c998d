import { bindingKey, isAnyPort, isPipe, type Address } from '../../config/model/address.ts';
import type { Listener } from '../../config/model/listener.ts';
import type { ListenSocket } from '../../transport/listen-socket.ts';
import type { ActiveListener } from './active-listener.ts';

/**
 * The open socket of one address. It outlives the listeners that use it one after the other: closing it would reset
 * the connections that wait in its queue.
 */
export interface ListeningAddress {
  listener: ActiveListener;
  socket: ListenSocket | undefined;
  /** No listener wants it any more. */
  isClosing: boolean;
  /** Closed, perhaps before it was open. */
  isClosed: boolean;
  /** Connections must not come and cannot wait: each is closed. */
  isTurningAway: boolean;
}

export function setEntryAccepting(entry: ListeningAddress, isAccepting: boolean): void {
  if (isAccepting && !entry.isTurningAway) entry.socket?.resumeAccepting();
  entry.isTurningAway = !isAccepting && entry.socket?.pauseAccepting() === false;
}

/**
 * The one worker that accepts there; undefined: all do. Unix domain sockets have no `SO_REUSEPORT`, and two threads
 * cannot both own a descriptor; different pipes fall to different workers.
 */
export function acceptingWorkerOf(address: Address, workerCount: number): number | undefined {
  if (!isPipe(address)) return undefined;
  let sum = 0;
  for (const byte of Buffer.from(address.address)) sum = (sum * 31 + byte) % 0x7fff_ffff;
  return sum % workerCount;
}

/** Several listeners may ask for a free port; each gets its own. */
export function addressKey({ address, name }: Listener): string {
  return isAnyPort(address) ? `${bindingKey(address)} ${name}` : bindingKey(address);
}
