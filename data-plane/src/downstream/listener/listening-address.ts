import { formatAddress } from '../../config/model/address.ts';
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

/** Several listeners may ask for a free port; each gets its own. */
export function addressKey({ address, name }: Listener): string {
  return address.port === 0 ? `${address.address}:0 ${name}` : formatAddress(address);
}
