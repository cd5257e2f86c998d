import type { DeltaDiscoveryRequest } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { DeltaTypeState } from './delta-type-state.ts';
import { RequestQueue } from './request-queue.ts';
import type { MuxState, Outcome, Receipt, ResponseHeader, VersionChanges } from './mux-state.ts';

export type DeltaRequest = MessageInit<DeltaDiscoveryRequest>;

/** Delta (incremental): requests carry changes of the subscription, and one acknowledgement each. */
export class DeltaMuxState implements MuxState<DeltaRequest> {
  readonly #types = new Map<string, DeltaTypeState>();
  readonly #queue = new RequestQueue();
  #streamNumber = 0;
  #isOpen = false;

  addInterest(typeUrl: string, names: readonly string[] | undefined): void {
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      type = new DeltaTypeState();
      this.#types.set(typeUrl, type);
    }
    type.subscribe(names);
    this.#queue.add(typeUrl);
  }

  removeInterest(typeUrl: string, names: readonly string[] | undefined): void {
    this.#types.get(typeUrl)?.unsubscribe(names);
    this.#queue.add(typeUrl);
  }

  openStream(): void {
    this.#streamNumber += 1;
    this.#isOpen = true;
    for (const typeUrl of this.#types.keys()) this.#queue.add(typeUrl);
  }

  closeStream(): void {
    this.#isOpen = false;
    this.#queue.clear();
    for (const type of this.#types.values()) type.endStream();
  }

  pause(typeUrl: string): void {
    this.#queue.pause(typeUrl);
  }

  resume(typeUrl: string): void {
    this.#queue.resume(typeUrl);
  }

  receive(response: ResponseHeader): Receipt {
    const isUnwatched = this.#types.get(response.typeUrl)?.isWatched !== true;
    return { ...response, streamNumber: this.#streamNumber, isUnwatched };
  }

  conclude(receipt: Receipt, outcome: Outcome): void {
    const type = this.#types.get(receipt.typeUrl);
    if (type === undefined) return;
    if (outcome.kind !== 'unwatched') type.apply(outcome.changes);
    if (!this.#isOpen || receipt.streamNumber !== this.#streamNumber) return;
    type.acknowledge({
      nonce: receipt.nonce,
      ...(outcome.kind === 'refused' ? { errorDetail: outcome.error } : {}),
    });
    this.#queue.add(receipt.typeUrl);
  }

  restore(typeUrl: string, { accepted }: Pick<VersionChanges, 'accepted'>): void {
    this.#types.get(typeUrl)?.apply({ accepted, removed: [] });
  }

  expire(typeUrl: string, names: readonly string[]): void {
    this.#types.get(typeUrl)?.apply({ accepted: [], removed: names });
  }

  hasRequest(): boolean {
    return this.#nextType() !== undefined;
  }

  nextRequest(): DeltaRequest | undefined {
    const next = this.#nextType();
    const request = next?.type.nextRequest();
    return next === undefined || request === undefined ? undefined : { typeUrl: next.typeUrl, ...request };
  }

  #nextType(): { readonly typeUrl: string; readonly type: DeltaTypeState } | undefined {
    if (!this.#isOpen) return undefined;
    for (let typeUrl = this.#queue.peek(); typeUrl !== undefined; typeUrl = this.#queue.peek()) {
      const type = this.#types.get(typeUrl);
      if (type?.hasRequest === true) return { typeUrl, type };
      this.#queue.remove(typeUrl);
    }
    return undefined;
  }
}
