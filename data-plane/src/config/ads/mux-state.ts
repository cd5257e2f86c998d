/**
 * One variant of the xDS protocol (state of the world, or delta) as a pure state machine: what was subscribed and
 * received goes in, requests come out. It knows no sockets, no timers and no resource contents. Per type URL it
 * keeps names, versions and nonces; types never influence each other except through pauses.
 * Source: xDS REST and gRPC protocol, envoy/service/discovery/v3/discovery.proto.
 */
export interface MuxState<Request> {
  /** Interest in more names; undefined = everything. */
  addInterest(typeUrl: string, names: readonly string[] | undefined): void;
  removeInterest(typeUrl: string, names: readonly string[] | undefined): void;
  /** A stream is ready to take messages: every subscribed type will send its first request on it. */
  openStream(): void;
  /** Nonces and unsent messages die with the stream; versions and names live on. */
  closeStream(): void;
  /** No request of this type goes out until as many `resume` calls; its changes become one request. */
  pause(typeUrl: string): void;
  resume(typeUrl: string): void;
  /** A response arrived. To be concluded with exactly one `conclude`. */
  receive(response: ResponseHeader): Receipt;
  /** The response was processed: its ACK or NACK is due (unless its stream is gone). */
  conclude(receipt: Receipt, outcome: Outcome): void;
  /**
   * Subscriptions were answered without the server, which is told so when it connects: by resource, or by the version of
   * a full set that is held completely.
   */
  restore(typeUrl: string, held: Pick<VersionChanges, 'accepted'> & { readonly version: string }): void;
  /** A resource's time to live ran out. */
  expire(typeUrl: string, names: readonly string[]): void;
  /** Whether `nextRequest` has something to say now. */
  hasRequest(): boolean;
  /** The next message to send, without node; undefined = nothing to say now. What it returns counts as sent. */
  nextRequest(): Request | undefined;
}

export interface ResponseHeader {
  readonly typeUrl: string;
  /** `version_info`, or delta's `system_version_info`. */
  readonly version: string;
  readonly nonce: string;
  /** Neither resources nor removals. */
  readonly isEmpty: boolean;
}

/** A response on its way through. */
export interface Receipt extends ResponseHeader {
  /** Which stream brought it. */
  readonly streamNumber: number;
  /** Nobody subscribes to this type (any more): it is to be concluded without looking into it. */
  readonly isUnwatched: boolean;
}

export type Outcome =
  | { readonly kind: 'accepted'; readonly changes: VersionChanges }
  /** `changes` tell what was taken all the same. */
  | { readonly kind: 'refused'; readonly error: ErrorDetail; readonly changes: VersionChanges }
  | { readonly kind: 'unwatched' };

/** What the proxy holds after a response; delta announces it when it connects again. */
export interface VersionChanges {
  readonly accepted: readonly { readonly name: string; readonly version: string }[];
  readonly removed: readonly string[];
}

/** `google.rpc.Status` of a NACK. */
export interface ErrorDetail {
  readonly code: number;
  readonly message: string;
}

/** The name that stands for everything. */
export const wildcardName = '*';
