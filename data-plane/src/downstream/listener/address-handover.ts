import { bindingKey, isAnyPort, type ListenAddress } from '../../config/model/address.ts';

/** A listener that changes: warming, or gone from the configuration and still serving. */
export interface ChangingListener {
  readonly name: string;
  /** Where it serves now. */
  readonly bound: ListenAddress | undefined;
  /** Where it wants to serve; undefined when it is to go. */
  readonly wanted: ListenAddress | undefined;
  /** Nothing but its turn is missing. */
  readonly isReady: boolean;
}

/**
 * Listeners that must stay as they are for now: those that are not ready, and those whose address is wanted by one
 * that must stay itself. An address passes from one listener to the next in one step, since a socket that closed in
 * between would refuse connections. Two that exchange their addresses wait for each other until both are ready.
 */
export function findBlocked(listeners: readonly ChangingListener[]): ReadonlySet<string> {
  const blocked = new Set<string>();
  const awaited = new Set<string>();
  const block = ({ name, wanted }: ChangingListener): void => {
    blocked.add(name);
    if (wanted !== undefined && !isAnyPort(wanted)) awaited.add(bindingKey(wanted));
  };
  for (const listener of listeners) if (!listener.isReady) block(listener);
  for (let count = -1; count !== blocked.size;) {
    count = blocked.size;
    for (const listener of listeners) {
      const { name, bound, wanted } = listener;
      if (blocked.has(name) || bound === undefined || !awaited.has(bindingKey(bound))) continue;
      // One that changes in place keeps its own socket.
      if (wanted === undefined || bindingKey(wanted) !== bindingKey(bound)) block(listener);
    }
  }
  return blocked;
}
