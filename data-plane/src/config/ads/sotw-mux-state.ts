import type { DiscoveryRequest } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { RequestQueue } from './request-queue.ts';
import {
  wildcardName,
  type ErrorDetail,
  type MuxState,
  type Outcome,
  type Receipt,
  type ResponseHeader,
} from './mux-state.ts';

export type SotwRequest = MessageInit<DiscoveryRequest>;

interface TypeState {
  isWildcard: boolean;
  readonly names: Set<string>;
  /** Last version that was accepted, over all streams. */
  version: string;
  /** Newest nonce of this stream. */
  nonce: string;
  /** Once names were sent on a stream, an empty list no longer means everything. */
  hasSentNames: boolean;
  error: ErrorDetail | undefined;
}

/** State of the world: every request repeats the whole list of names. */
export class SotwMuxState implements MuxState<SotwRequest> {
  readonly #types = new Map<string, TypeState>();
  readonly #queue = new RequestQueue();
  #streamNumber = 0;
  #isOpen = false;

  addInterest(typeUrl: string, names: readonly string[] | undefined): void {
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      type = {
        isWildcard: false,
        names: new Set(),
        version: '',
        nonce: '',
        hasSentNames: false,
        error: undefined,
      };
      this.#types.set(typeUrl, type);
    }
    if (names === undefined) type.isWildcard = true;
    else for (const name of names) type.names.add(name);
    this.#queue.add(typeUrl);
  }

  removeInterest(typeUrl: string, names: readonly string[] | undefined): void {
    const type = this.#types.get(typeUrl);
    if (type === undefined) return;
    if (names === undefined) type.isWildcard = false;
    else for (const name of names) type.names.delete(name);
    // The empty list of a stream that never saw a name would ask for everything instead of for nothing.
    if (isWatched(type) || type.hasSentNames) this.#queue.add(typeUrl);
    else this.#queue.remove(typeUrl);
  }

  openStream(): void {
    this.#streamNumber += 1;
    this.#isOpen = true;
    for (const [typeUrl, type] of this.#types) {
      if (isWatched(type)) this.#queue.add(typeUrl);
    }
  }

  closeStream(): void {
    this.#isOpen = false;
    this.#queue.clear();
    for (const type of this.#types.values()) {
      type.nonce = '';
      type.hasSentNames = false;
      type.error = undefined;
    }
  }

  pause(typeUrl: string): void {
    this.#queue.pause(typeUrl);
  }

  resume(typeUrl: string): void {
    this.#queue.resume(typeUrl);
  }

  receive(response: ResponseHeader): Receipt {
    const type = this.#types.get(response.typeUrl);
    // Always, also for what nobody watches: with an older nonce the server would take later requests for stale.
    // But not of a lost stream: the next one begins without a nonce.
    if (type !== undefined && this.#isOpen) type.nonce = response.nonce;
    return {
      ...response,
      streamNumber: this.#streamNumber,
      isUnwatched: type === undefined || !isWatched(type),
    };
  }

  conclude(receipt: Receipt, outcome: Outcome): void {
    const type = this.#types.get(receipt.typeUrl);
    if (type === undefined) return;
    const isCurrent = this.#isOpen && receipt.streamNumber === this.#streamNumber;
    switch (outcome.kind) {
      case 'accepted':
        type.version = receipt.version;
        break;
      case 'refused':
        if (isCurrent) type.error = outcome.error;
        break;
      case 'unwatched':
        if (!receipt.isEmpty) break;
        type.version = receipt.version;
        return;
    }
    if (isCurrent) this.#queue.add(receipt.typeUrl);
  }

  restore(typeUrl: string, { version }: { readonly version: string }): void {
    const type = this.#types.get(typeUrl);
    // A server may skip what the client says it has, so it has to be all of it.
    if (type?.version === '') type.version = version;
  }

  /** The server knows of its own times to live; the list of names does not change. */
  expire(): void {}

  hasRequest(): boolean {
    return this.#isOpen && this.#queue.peek() !== undefined;
  }

  nextRequest(): SotwRequest | undefined {
    if (!this.#isOpen) return undefined;
    const typeUrl = this.#queue.peek();
    const type = typeUrl === undefined ? undefined : this.#types.get(typeUrl);
    if (typeUrl === undefined || type === undefined) return undefined;
    this.#queue.remove(typeUrl);
    const request: SotwRequest = {
      typeUrl,
      versionInfo: type.version,
      responseNonce: type.nonce,
      resourceNames: namesOf(type),
      ...(type.error === undefined ? {} : { errorDetail: type.error }),
    };
    type.error = undefined;
    type.hasSentNames ||= type.names.size > 0;
    return request;
  }
}

function isWatched(type: TypeState): boolean {
  return type.isWildcard || type.names.size > 0;
}

function namesOf(type: TypeState): string[] {
  if (!type.isWildcard) return [...type.names];
  return type.names.size > 0 || type.hasSentNames ? [wildcardName, ...type.names] : [];
}
