import type { Problem } from '@heddle/shared/errors/problem';
import type { ReceivedResource } from '../subscription.ts';
import type { ResourceStatus } from './ads-status.ts';

interface Entry<T> {
  readonly name: string;
  /** Last good one; survives refusals. */
  accepted?: ReceivedResource<T>;
  /** Of the accepted bytes. */
  hash?: string;
  error?: { readonly version: string; readonly problems: readonly Problem[]; readonly at: number };
  doesNotExist: boolean;
  /** It came from the saved configuration, and the server has not said anything about it yet. */
  isSaved: boolean;
  updatedAt: number;
}

/**
 * The resources of one type that the proxy holds, and what is known of those that it does not hold. A watcher that
 * comes later gets its resource from here at once: the server, which sent it already, would stay silent.
 */
export class ResourceStore<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #byHash = new Map<string, Entry<T>>();

  accepted(name: string): ReceivedResource<T> | undefined {
    const entry = this.#entries.get(name);
    return entry?.doesNotExist === true ? undefined : entry?.accepted;
  }

  /** The server said that there is none. */
  isKnownAbsent(name: string): boolean {
    return this.#entries.get(name)?.doesNotExist === true;
  }

  allAccepted(): ReceivedResource<T>[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.accepted === undefined || entry.doesNotExist ? [] : [entry.accepted],
    );
  }

  findByHash(hash: string): ReceivedResource<T> | undefined {
    const entry = this.#byHash.get(hash);
    return entry === undefined || entry.doesNotExist ? undefined : entry.accepted;
  }

  accept(resource: ReceivedResource<T>, hash: string, at: number, from: 'server' | 'saved' = 'server'): void {
    const entry = this.#open(resource.name, at);
    if (entry.hash !== undefined) this.#byHash.delete(entry.hash);
    entry.accepted = resource;
    entry.hash = hash;
    entry.doesNotExist = false;
    entry.isSaved = from === 'saved';
    delete entry.error;
    this.#byHash.set(hash, entry);
  }

  /** It came again, byte for byte. */
  confirm(name: string, version: string, at: number): void {
    const entry = this.#open(name, at);
    if (entry.accepted !== undefined) entry.accepted = { ...entry.accepted, version };
    entry.isSaved = false;
    delete entry.error;
  }

  /** What came from the saved configuration is what the server has. */
  confirmAll(): void {
    for (const entry of this.#entries.values()) entry.isSaved = false;
  }

  refuse(name: string, version: string, problems: readonly Problem[], at: number): void {
    this.#open(name, at).error = { version, problems, at };
  }

  /** It is gone; a name that is still watched is remembered as not existing. */
  remove(name: string, at: number, isWatchedByName: boolean): void {
    if (!isWatchedByName) return this.forget(name);
    const entry = this.#open(name, at);
    if (entry.hash !== undefined) this.#byHash.delete(entry.hash);
    delete entry.accepted;
    delete entry.hash;
    delete entry.error;
    entry.doesNotExist = true;
    entry.isSaved = false;
  }

  forget(name: string): void {
    const hash = this.#entries.get(name)?.hash;
    if (hash !== undefined) this.#byHash.delete(hash);
    this.#entries.delete(name);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  status(): ResourceStatus[] {
    return [...this.#entries.values()].map((entry) => ({
      name: entry.name,
      state: stateOf(entry),
      version: entry.accepted?.version ?? '',
      updatedAt: entry.updatedAt,
      ...(entry.accepted === undefined ? {} : { bytes: entry.accepted.bytes }),
      ...(entry.error === undefined ? {} : { error: entry.error }),
    }));
  }

  #open(name: string, at: number): Entry<T> {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { name, doesNotExist: false, isSaved: false, updatedAt: at };
      this.#entries.set(name, entry);
    }
    entry.updatedAt = at;
    return entry;
  }
}

function stateOf({ error, doesNotExist, isSaved }: Entry<unknown>): ResourceStatus['state'] {
  if (error !== undefined) return 'nacked';
  if (doesNotExist) return 'does-not-exist';
  return isSaved ? 'restored' : 'acked';
}
