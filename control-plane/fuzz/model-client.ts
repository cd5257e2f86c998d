import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { StreamRequest } from '../src/xds/xds-stream.ts';
import { buildRequest, readResponse, type ModelResponse, type Variant } from './wire-client.ts';

export const modelTypes = [
  typeUrls.cluster,
  typeUrls.clusterLoadAssignment,
  typeUrls.listener,
  typeUrls.routeConfiguration,
] as const;

/** Responses of these types hold everything, in state of the world. */
const fullSetTypes: ReadonlySet<string> = new Set([typeUrls.cluster, typeUrls.listener]);

interface Content {
  readonly version: string;
  readonly bytes: string;
}

/** One type, as the client knows it. */
export interface TypeModel {
  readonly typeUrl: string;
  /** What it wants, and has told the server: everything, or names. */
  wanted: ReadonlySet<string> | 'all';
  /** Accepted. */
  readonly held: Map<string, Content>;
  /** What the server said last, refused or not: it says nothing twice. */
  readonly seen: Map<string, Content>;
  /** Names of which it was told something since it wants them, on this stream or an earlier one. */
  readonly known: Set<string>;
  /** Asked for by name on this stream, and not answered yet. */
  readonly waiting: Set<string>;
  lastNonce: string;
  acceptedVersion: string;
  isFirst: boolean;
  hasNamed: boolean;
  isUnanswered: boolean;
}

/** The rule that was broken, in one line. */
export class Violation extends Error {}

export type SendRequest = (request: StreamRequest) => void;

/**
 * A client of one stream after another. Requests are sent at once; responses wait in the inbox until somebody lets it
 * look, so answers are as late as can be. It throws a {@link Violation} for what no server may do.
 */
export class ModelClient {
  readonly variant: Variant;
  readonly #rng: Rng;
  readonly types: ReadonlyMap<string, TypeModel>;
  #inbox: ModelResponse[] = [];
  #send: SendRequest = () => undefined;

  constructor(variant: Variant, rng: Rng) {
    this.variant = variant;
    this.#rng = rng;
    this.types = new Map(modelTypes.map((typeUrl) => [typeUrl, createTypeModel(typeUrl)]));
  }

  type(typeUrl: string): TypeModel {
    const type = this.types.get(typeUrl);
    if (type === undefined) throw new Violation(`a response of ${typeUrl}, which nobody asked for`);
    return type;
  }

  get inboxSize(): number {
    return this.#inbox.length;
  }

  /** A new stream: what came over the old one and was not looked at is lost. */
  connect(send: SendRequest): void {
    this.#send = send;
    this.#inbox = [];
    for (const type of this.types.values()) {
      Object.assign(type, { isFirst: true, hasNamed: false, lastNonce: '', isUnanswered: false });
      type.waiting.clear();
      type.seen.clear();
      for (const [name, content] of type.held) type.seen.set(name, content);
    }
  }

  /** Whether the type was asked for on this stream. */
  isOpen(typeUrl: string): boolean {
    return !this.type(typeUrl).isFirst;
  }

  receive(bytes: Buffer): void {
    const response = readResponse(this.variant, bytes);
    const type = this.type(response.typeUrl);
    if (type.isFirst) throw new Violation(`a response of ${type.typeUrl} before any request`);
    if (type.isUnanswered)
      throw new Violation(`a second response of ${type.typeUrl} before the first was answered`);
    type.isUnanswered = true;
    for (const { name } of response.resources) {
      // Nothing lies between the two in memory: what it wants now is what it has told.
      if (type.wanted !== 'all' && !type.wanted.has(name)) {
        throw new Violation(`${name} of ${type.typeUrl}, which is not wanted`);
      }
    }
    this.#inbox.push(response);
  }

  /** From now on this is wanted; says so, in the form of the variant. The first of a type is its first request. */
  want(typeUrl: string, wanted: ReadonlySet<string> | 'all'): void {
    const type = this.type(typeUrl);
    const before = type.wanted;
    const names = wanted === 'all' ? [] : [...wanted];
    const known = before === 'all' ? new Set<string>() : before;
    if (this.variant === 'delta' || typeUrl === typeUrls.clusterLoadAssignment) {
      for (const name of names) if (type.isFirst || !known.has(name)) type.waiting.add(name);
    }
    type.wanted = wanted;
    if (wanted !== 'all') {
      for (const map of [type.held, type.seen])
        for (const name of map.keys()) if (!wanted.has(name)) map.delete(name);
      for (const set of [type.known, type.waiting])
        for (const name of set) if (!wanted.has(name)) set.delete(name);
    }
    if (type.isFirst) this.#sendFirst(type);
    else if (this.variant === 'sotw')
      this.#sendRequest(type, {
        kind: 'sotw',
        list: this.#listOf(type),
        acceptedVersion: type.acceptedVersion,
      });
    else this.#sendChange(type, before, wanted);
  }

  /** Looks at the oldest response, and answers it once `follow` has asked for what it names. Returns it. */
  answer(
    isAccepted: boolean,
    follow: (response: ModelResponse) => void = () => undefined,
  ): ModelResponse | undefined {
    const response = this.#inbox.shift();
    if (response === undefined) return undefined;
    const type = this.type(response.typeUrl);
    type.lastNonce = response.nonce;
    this.#apply(type.seen, type, response);
    if (isAccepted) {
      this.#apply(type.held, type, response);
      type.acceptedVersion = response.version;
    }
    for (const name of [...response.resources.map((resource) => resource.name), ...response.removed]) {
      type.waiting.delete(name);
      if (type.wanted === 'all' || type.wanted.has(name)) type.known.add(name);
    }
    follow(response);
    // Before it is sent: the next response may come out of the same call.
    type.isUnanswered = false;
    this.#sendRequest(
      type,
      this.variant === 'sotw'
        ? { kind: 'sotw', list: this.#listOf(type), acceptedVersion: type.acceptedVersion }
        : { kind: 'delta', subscribe: [], unsubscribe: [], initialVersions: {} },
      { isRefusal: !isAccepted, nonce: response.nonce },
    );
    return response;
  }

  /** A request that answers a response of long ago; it changes nothing. */
  answerStale(typeUrl: string): void {
    const type = this.type(typeUrl);
    if (type.isFirst) return;
    const names: StreamRequest['names'] =
      this.variant === 'sotw'
        ? { kind: 'sotw', list: this.#listOf(type), acceptedVersion: type.acceptedVersion }
        : { kind: 'delta', subscribe: [], unsubscribe: [], initialVersions: {} };
    this.#sendRequest(type, names, {
      isRefusal: this.#rng.next() < 0.5,
      nonce: `stale-${randomInteger(this.#rng, 9)}`,
    });
  }

  #apply(map: Map<string, Content>, type: TypeModel, response: ModelResponse): void {
    const isWanted = (name: string): boolean => type.wanted === 'all' || type.wanted.has(name);
    if (this.variant === 'sotw' && fullSetTypes.has(type.typeUrl)) map.clear();
    for (const { name, version, bytes } of response.resources)
      if (isWanted(name)) map.set(name, { version, bytes });
    for (const name of response.removed) map.delete(name);
  }

  #sendFirst(type: TypeModel): void {
    type.isFirst = false;
    if (this.variant === 'sotw') {
      // It cannot say which of the names it has: the server takes it for all.
      if (type.acceptedVersion !== '' && type.wanted !== 'all')
        for (const name of type.wanted) type.known.add(name);
      const list = this.#listOf(type);
      this.#sendRequest(type, { kind: 'sotw', list, acceptedVersion: type.acceptedVersion });
      return;
    }
    const initialVersions = Object.fromEntries([...type.held].map(([name, { version }]) => [name, version]));
    // Who says which version it has is told of another one only.
    for (const name of type.held.keys()) type.waiting.delete(name);
    this.#sendRequest(type, {
      kind: 'delta',
      subscribe: this.#listOf(type),
      unsubscribe: [],
      initialVersions,
    });
  }

  /** Everything as an empty list, as long as no name was ever given on the stream; else as `*`. */
  #listOf(type: TypeModel): string[] {
    if (type.wanted === 'all') return type.hasNamed || this.#rng.next() < 0.5 ? this.#named(type, ['*']) : [];
    return this.#named(type, [...type.wanted]);
  }

  #named(type: TypeModel, list: string[]): string[] {
    type.hasNamed ||= list.length > 0;
    return list;
  }

  #sendChange(
    type: TypeModel,
    before: ReadonlySet<string> | 'all',
    wanted: ReadonlySet<string> | 'all',
  ): void {
    const [old, next] = [before, wanted].map((names) => (names === 'all' ? new Set(['*']) : names));
    const subscribe = [...(next ?? [])].filter((name) => old?.has(name) !== true);
    const unsubscribe = [...(old ?? [])].filter((name) => next?.has(name) !== true);
    if (subscribe.length > 0) type.hasNamed = true;
    this.#sendRequest(
      type,
      { kind: 'delta', subscribe, unsubscribe, initialVersions: {} },
      { isRefusal: false, nonce: '' },
    );
  }

  #sendRequest(
    { typeUrl, lastNonce }: TypeModel,
    names: StreamRequest['names'],
    { isRefusal, nonce }: { isRefusal: boolean; nonce: string } = {
      isRefusal: false,
      nonce: this.variant === 'sotw' ? lastNonce : '',
    },
  ): void {
    this.#send(buildRequest({ typeUrl, nonce, isRefusal, names }));
  }
}

function createTypeModel(typeUrl: string): TypeModel {
  return {
    typeUrl,
    wanted: new Set(),
    held: new Map(),
    seen: new Map(),
    known: new Set(),
    waiting: new Set(),
    lastNonce: '',
    acceptedVersion: '',
    isFirst: true,
    hasNamed: false,
    isUnanswered: false,
  };
}
