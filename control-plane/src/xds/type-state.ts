import type { Snapshot, SnapshotResource } from '../snapshot/snapshot.ts';
import { isEmptyAssignment } from './empty-assignment.ts';
import { covers, createSubscription, type Subscription, type SubscriptionUpdate } from './subscription.ts';
import { legacyWildcardTypes } from './push-plan.ts';

/** A response that was neither acknowledged nor refused yet. */
export interface Outstanding {
  readonly nonce: string;
  readonly version: string;
  readonly sentAtMs: number;
  /** Names that it added or changed. */
  readonly names: readonly string[];
}

/** What the client said when it refused a resource in the version that it was sent last. */
export interface Refusal {
  readonly message: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What lies between what a client holds and the snapshot. */
export interface Difference {
  /** New, changed, or asked for. */
  readonly upserts: readonly SnapshotResource[];
  /** Asked for by a client that waits for it, but there is no such resource. */
  readonly missing: readonly string[];
  /** Held, but gone. */
  readonly removals: readonly string[];
}

/**
 * One type on one stream: what the client wants, what it was sent, and which names may differ. The difference is
 * found from those names alone, so its cost is that of the change, not of the mesh.
 */
export class TypeState {
  readonly typeUrl: string;
  subscription: Subscription;
  /** Sent at some time and not taken back; refused resources too, so that they are not sent again unchanged. */
  readonly held = new Map<string, SnapshotResource>();
  /** Of `held`: the client may have them from an earlier stream, or never had them; until they are sent. */
  readonly uncertain = new Set<string>();
  /** The next response goes out even if it is empty: a client's start waits for it. */
  mustAnswer = false;
  lastNonce = '';
  outstanding: Outstanding | undefined;
  /** By name, until the resource is sent anew or given up. */
  readonly refusals = new Map<string, Refusal>();
  /** Of refused responses: names that go again, a group at a time, until it is known which of them are refused. */
  readonly #suspects: (readonly string[])[] = [];
  readonly #changed = new Set<string>();
  readonly #asked = new Set<string>();
  /** Named by a client that comes back: it may serve from what an earlier stream told it. */
  readonly #resumed = new Set<string>();

  /** `hasWildcard`: whether a client of its kind may mean everything by an empty list. */
  constructor(typeUrl: string, hasWildcard = true) {
    this.typeUrl = typeUrl;
    this.subscription = createSubscription(hasWildcard && legacyWildcardTypes.has(typeUrl));
  }

  get hasWork(): boolean {
    return this.mustAnswer || this.#changed.size > 0 || this.#asked.size > 0 || this.#suspects.length > 0;
  }

  /** A client that comes back says what it has. Unknown names stay until they are reported as removed. */
  resume(versions: Readonly<Record<string, string>>, snapshot: Snapshot | undefined): void {
    this.resumeNames(Object.keys(versions));
    for (const [name, version] of Object.entries(versions)) {
      const known = snapshot?.get(this.typeUrl, name);
      this.held.set(name, known?.version === version ? known : this.#foreign(name, version));
      if (known?.version !== version) this.#changed.add(name);
    }
  }

  /** As `resume`, where the client does not say in which version it has them, or whether it has all of them. */
  resumeNames(names: readonly string[]): void {
    for (const name of names) this.#resumed.add(name);
  }

  /** Content that this process never sent; only its version counts. */
  #foreign(name: string, version: string): SnapshotResource {
    const any = { typeUrl: this.typeUrl, value: new Uint8Array(0) };
    return { typeUrl: this.typeUrl, name, version, any, references: [], leftOut: [] };
  }

  applySubscription(
    { subscription, asked, dropped }: SubscriptionUpdate,
    snapshot: Snapshot | undefined,
    onTheirWay: readonly string[] = [],
  ): void {
    const wasWildcard = this.subscription.isWildcard;
    this.subscription = subscription;
    for (const name of dropped) this.forget(name);
    for (const name of asked) this.#asked.add(name);
    if (wasWildcard && !subscription.isWildcard) {
      // What was asked for under the wildcard, and is waited for no more, goes too.
      for (const name of [...this.held.keys(), ...this.#asked])
        if (!subscription.names.has(name)) this.forget(name);
    }
    if (!wasWildcard && subscription.isWildcard) {
      this.mustAnswer = true;
      // It gave these up when they were on their way, and now takes them when they come.
      for (const name of onTheirWay) if (!this.held.has(name)) this.#asked.add(name);
      if (snapshot !== undefined) this.markChanged(snapshot.names(this.typeUrl));
    }
  }

  markChanged(names: Iterable<string>): void {
    for (const name of names) {
      if (covers(this.subscription, name) || this.held.has(name)) this.#changed.add(name);
    }
  }

  /** The client waits for the resource, whether it changed or not. */
  markAsked(name: string): void {
    if (covers(this.subscription, name)) this.#asked.add(name);
  }

  /** Everything that may have to be compared after a time without a snapshot. */
  markAll(snapshot: Snapshot): void {
    this.markChanged(snapshot.names(this.typeUrl));
    this.markChanged([...this.held.keys()]);
    this.markChanged(this.subscription.names);
  }

  /** The client brought something under the name along, and was sent nothing about it on this stream. */
  isResumed(name: string): boolean {
    return this.#resumed.has(name);
  }

  /** The client has something under the name that may serve, and does not wait for another answer. */
  isInUse(name: string): boolean {
    return this.#resumed.has(name) || (this.held.has(name) && !this.#asked.has(name));
  }

  /** The client waits for a first word about the resource. */
  isAwaited(name: string): boolean {
    return this.#asked.has(name) && !this.#resumed.has(name) && !this.held.has(name);
  }

  difference(snapshot: Snapshot): Difference {
    const upserts: SnapshotResource[] = [];
    const missing: string[] = [];
    const removals: string[] = [];
    for (const name of this.#asked) {
      const resource = snapshot.get(this.typeUrl, name);
      if (resource !== undefined) upserts.push(resource);
      else if (this.#resumed.has(name)) removals.push(name);
      else missing.push(name);
    }
    for (const name of this.#changed) {
      if (this.#asked.has(name)) continue;
      const resource = covers(this.subscription, name) ? snapshot.get(this.typeUrl, name) : undefined;
      const held = this.held.get(name);
      if (resource !== undefined && resource.version !== held?.version) upserts.push(resource);
      else if (resource === undefined && held !== undefined) removals.push(name);
      else this.#changed.delete(name);
    }
    return { upserts, missing, removals };
  }

  /** The client refused a response with these: some of them may be fine, and may not have been looked at. */
  suspect(names: readonly string[]): void {
    if (names.length < 2) return;
    const middle = Math.ceil(names.length / 2);
    this.#suspects.unshift(names.slice(0, middle), names.slice(middle));
  }

  /** The next resources to be sent again by themselves; those that have changed meanwhile go with the others. */
  takeSuspects(snapshot: Snapshot): readonly SnapshotResource[] {
    for (let names = this.#suspects.shift(); names !== undefined; names = this.#suspects.shift()) {
      const resources = names.flatMap((name) => this.#unchanged(name, snapshot) ?? []);
      if (resources.length > 0) return resources;
    }
    return [];
  }

  /** What was sent under the name, if that is still what it is. */
  #unchanged(name: string, snapshot: Snapshot): SnapshotResource | undefined {
    const held = this.held.get(name);
    if (held === undefined || !covers(this.subscription, name)) return undefined;
    const current = snapshot.get(this.typeUrl, name);
    if (current === undefined) return isEmptyAssignment(held) ? held : undefined;
    return current.version === held.version ? current : undefined;
  }

  /** The client was sent the resource. If that is what it had, it still is to be told of a change. */
  hold(resource: SnapshotResource): void {
    const isRepeated = this.held.get(resource.name) === resource;
    const isChanged = isRepeated && this.#changed.has(resource.name);
    this.held.set(resource.name, resource);
    this.refusals.delete(resource.name);
    this.settle(resource.name);
    if (isChanged) this.#changed.add(resource.name);
  }

  /** The client was told that there is no such resource, or gave it up. */
  forget(name: string): void {
    this.held.delete(name);
    this.refusals.delete(name);
    this.settle(name);
  }

  /** Nothing more is to be said about the name as it is now. */
  settle(name: string): void {
    this.uncertain.delete(name);
    this.#changed.delete(name);
    this.#asked.delete(name);
    this.#resumed.delete(name);
  }
}
