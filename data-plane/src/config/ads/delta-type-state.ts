import type { DeltaRequest } from './delta-mux-state.ts';
import { wildcardName, type ErrorDetail, type VersionChanges } from './mux-state.ts';

interface Acknowledgement {
  readonly nonce: string;
  readonly errorDetail?: ErrorDetail;
}

/**
 * One type of the delta protocol. What the proxy holds is in one of three maps of versions: `requested` by name,
 * given by the `wildcard`, or `ambiguous`: no longer requested by name, and only the server knows whether the
 * wildcard has it.
 */
export class DeltaTypeState {
  #isWildcard = false;
  /** undefined: waited for. */
  readonly #requested = new Map<string, string | undefined>();
  readonly #wildcard = new Map<string, string>();
  readonly #ambiguous = new Map<string, string>();
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #acknowledgements: Acknowledgement[] = [];
  #isFirstOnStream = true;
  /** Only a subscription that never was anything but the wildcard may use the form without names. */
  #hasSubscribedByName = false;

  get isWatched(): boolean {
    return this.#isWildcard || this.#requested.size > 0;
  }

  subscribe(names: readonly string[] | undefined): void {
    if (names === undefined) {
      this.#isWildcard = true;
      this.#noteAdded(wildcardName);
      return;
    }
    this.#hasSubscribedByName = true;
    for (const name of names) {
      this.#requested.set(name, this.#wildcard.get(name) ?? this.#ambiguous.get(name));
      this.#wildcard.delete(name);
      this.#ambiguous.delete(name);
      this.#noteAdded(name);
    }
  }

  unsubscribe(names: readonly string[] | undefined): void {
    if (names === undefined) {
      this.#isWildcard = false;
      this.#wildcard.clear();
      this.#ambiguous.clear();
      this.#noteRemoved(wildcardName);
      return;
    }
    for (const name of names) {
      const version = this.#requested.get(name);
      if (!this.#requested.delete(name)) continue;
      if (this.#isWildcard && version !== undefined) this.#ambiguous.set(name, version);
      this.#noteRemoved(name);
    }
  }

  /** What a response (or the end of a time to live) changed. Names that nobody asked for are passed over. */
  apply(changes: VersionChanges): void {
    for (const { name, version } of changes.accepted) {
      if (this.#requested.has(name)) this.#requested.set(name, version);
      else if (this.#isWildcard) this.#wildcard.set(name, version);
      this.#ambiguous.delete(name);
    }
    for (const name of changes.removed) {
      if (this.#requested.has(name)) this.#requested.set(name, undefined);
      this.#wildcard.delete(name);
      this.#ambiguous.delete(name);
    }
  }

  /** Every response gets its own; none overtakes another. */
  acknowledge(acknowledgement: Acknowledgement): void {
    this.#acknowledgements.push(acknowledgement);
  }

  endStream(): void {
    this.#isFirstOnStream = true;
    this.#acknowledgements.length = 0;
    this.#added.clear();
    this.#removed.clear();
  }

  get hasRequest(): boolean {
    if (this.#isFirstOnStream) return this.isWatched;
    return this.#acknowledgements.length + this.#added.size + this.#removed.size > 0;
  }

  nextRequest(): Omit<DeltaRequest, 'typeUrl'> | undefined {
    if (!this.hasRequest) return undefined;
    if (this.#isFirstOnStream) return this.#firstRequest();
    const acknowledgement = this.#acknowledgements.shift();
    const request = {
      resourceNamesSubscribe: [...this.#added],
      resourceNamesUnsubscribe: [...this.#removed],
      ...(acknowledgement === undefined
        ? {}
        : { responseNonce: acknowledgement.nonce, errorDetail: acknowledgement.errorDetail }),
    };
    this.#added.clear();
    this.#removed.clear();
    return request;
  }

  #firstRequest(): Omit<DeltaRequest, 'typeUrl'> {
    this.#isFirstOnStream = false;
    this.#added.clear();
    this.#removed.clear();
    const names = [...(this.#isWildcard ? [wildcardName] : []), ...this.#requested.keys()];
    return {
      resourceNamesSubscribe: this.#hasSubscribedByName ? names : [],
      initialResourceVersions: this.#heldVersions(),
    };
  }

  #heldVersions(): Record<string, string> {
    const versions = new Map([...this.#ambiguous, ...this.#wildcard]);
    for (const [name, version] of this.#requested) if (version !== undefined) versions.set(name, version);
    return Object.fromEntries(versions);
  }

  #noteAdded(name: string): void {
    this.#removed.delete(name);
    this.#added.add(name);
  }

  #noteRemoved(name: string): void {
    this.#added.delete(name);
    this.#removed.add(name);
  }
}
