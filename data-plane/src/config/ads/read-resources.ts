import { hash } from 'node:crypto';
import type { Clock } from '@heddle/shared/time/clock';
import type { Problem } from '@heddle/shared/errors/problem';
import type { ResourceType } from '../resources/resource-type.ts';
import type { ReceivedResource, RejectedResource } from '../subscription.ts';
import type { IncomingResource, IncomingResponse } from './incoming-response.ts';
import type { ResourceStore } from './resource-store.ts';

/** A response's resources after decoding and before anybody was told. */
export interface ReadResources<T> {
  /** New, or with other bytes than the ones held. */
  readonly changed: readonly ChangedResource<T>[];
  /** Held already, byte for byte. */
  readonly unchanged: readonly { readonly name: string; readonly version: string }[];
  /** Named by a heartbeat. */
  readonly confirmed: readonly string[];
  readonly refused: readonly RejectedResource[];
  /** Every name of the response with its time to live. */
  readonly timesToLive: ReadonlyMap<string, number | undefined>;
  readonly ignored: ReadonlyMap<string, readonly Problem[]>;
}

export interface ChangedResource<T> {
  readonly resource: ReceivedResource<T>;
  readonly hash: string;
}

export interface ReadOptions {
  readonly clock: Clock;
  /** Lets other events run. Decoding calls it every few milliseconds, so that a big response stalls nothing. */
  readonly yieldTurn: () => Promise<void>;
}

const sliceMs = 10;

/** Why the response as a whole cannot be taken; undefined if nothing speaks against looking into it. */
export function findForeignType(response: IncomingResponse): RejectedResource | undefined {
  const foreign = response.resources.find(({ typeUrl }) => typeUrl !== response.typeUrl);
  if (foreign === undefined) return undefined;
  const message = `the response is about ${response.typeUrl} but holds a ${foreign.typeUrl || 'resource without a type'}`;
  return { name: foreign.name ?? '', problems: [{ path: '', message }] };
}

/** Watched names that the response lacks are refused for the reason, if there is one. */
export function refuseMissing<T>(
  read: ReadResources<T>,
  watchedNames: Iterable<string>,
  reason: string | undefined,
): ReadResources<T> {
  // Which one a resource is that cannot be read nobody knows: it may be the one that is missed.
  if (reason === undefined || read.refused.some(({ name }) => name === '')) return read;
  const missing = [...watchedNames].filter((name) => !read.timesToLive.has(name));
  const problems = [{ path: '', message: reason }];
  return { ...read, refused: [...read.refused, ...missing.map((name) => ({ name, problems }))] };
}

export async function readResources<T>(
  response: IncomingResponse,
  type: ResourceType<T>,
  store: ResourceStore<T>,
  { clock, yieldTurn }: ReadOptions,
): Promise<ReadResources<T>> {
  const reader = new Reader(type, store);
  let sliceStartMs = clock.monotonicMs();
  for (const incoming of response.resources) {
    reader.read(incoming);
    if (clock.monotonicMs() - sliceStartMs < sliceMs) continue;
    await yieldTurn();
    sliceStartMs = clock.monotonicMs();
  }
  for (const name of response.removed) reader.checkRemoval(name);
  return reader;
}

class Reader<T> implements ReadResources<T> {
  readonly changed: ChangedResource<T>[] = [];
  readonly unchanged: { name: string; version: string }[] = [];
  readonly confirmed: string[] = [];
  readonly refused: RejectedResource[] = [];
  readonly timesToLive = new Map<string, number | undefined>();
  readonly ignored = new Map<string, readonly Problem[]>();
  readonly #type: ResourceType<T>;
  readonly #store: ResourceStore<T>;

  constructor(type: ResourceType<T>, store: ResourceStore<T>) {
    this.#type = type;
    this.#store = store;
  }

  read(incoming: IncomingResource): void {
    const { bytes, unreadable } = incoming;
    if (unreadable !== undefined) return this.#refuse('', unreadable);
    if (bytes === undefined) return this.#readHeartbeat(incoming);
    const contentHash = hash('sha256', bytes, 'base64');
    const held = this.#store.findByHash(contentHash);
    if (held !== undefined && (incoming.name === undefined || incoming.name === held.name)) {
      if (this.#isFirst(held.name, incoming))
        this.unchanged.push({ name: held.name, version: incoming.version });
      return;
    }
    const decoded = this.#type.decode(bytes);
    // A resource that cannot even be read has no name of its own.
    const name = incoming.name ?? decoded.name;
    if (!this.#isFirst(name, incoming)) return;
    if (decoded.kind === 'refused') {
      this.refused.push({ name, problems: decoded.problems });
    } else if (decoded.name !== name) {
      this.#refuse(name, `the resource of this name calls itself ${JSON.stringify(decoded.name)}`);
    } else {
      if (decoded.ignored.length > 0) this.ignored.set(name, decoded.ignored);
      // A copy: the message, which may be large, must not live as long as its smallest resource.
      const resource = { name, version: incoming.version, bytes: Buffer.from(bytes), value: decoded.value };
      this.changed.push({ resource, hash: contentHash });
    }
  }

  checkRemoval(name: string): void {
    if (this.timesToLive.has(name)) this.#refuse(name, 'is both sent and removed');
  }

  #readHeartbeat(incoming: IncomingResource): void {
    const name = incoming.name ?? '';
    if (!this.#isFirst(name, incoming)) return;
    const held = this.#store.accepted(name);
    if (held === undefined || held.version !== incoming.version) this.#refuse(name, 'has no content');
    else this.confirmed.push(name);
  }

  #isFirst(name: string, incoming: IncomingResource): boolean {
    if (this.timesToLive.has(name)) {
      this.#refuse(name, 'occurs twice in the response');
      return false;
    }
    this.timesToLive.set(name, incoming.ttlMs);
    return true;
  }

  #refuse(name: string, message: string): void {
    this.refused.push({ name, problems: [{ path: '', message }] });
  }
}
