import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { ScriptedTransport } from '../../src/config/ads/testing/scripted-transport.ts';

export type Variant = 'sotw' | 'delta';
export type ModelType = 'cds' | 'eds';

/** The rule that was broken, in one line. */
export class Violation extends Error {}

interface Sent {
  readonly nonce: string;
  readonly names: readonly string[];
  /** Something in it must be refused. */
  readonly isBad: boolean;
}

interface StreamType {
  isWildcard: boolean;
  /** State of the world: an empty list means everything only as long as none had a name in it. */
  hasNamed: boolean;
  readonly names: Set<string>;
  /** Subscribed, and not answered yet. */
  readonly asked: Set<string>;
  /** Delta: what the client holds or was sent, by version; a version is the value. */
  readonly told: Map<string, string>;
  /** Not answered, oldest first. */
  readonly unanswered: Sent[];
  isDirty: boolean;
}

const types: readonly ModelType[] = ['cds', 'eds'];

/**
 * A management server that does all that the protocol allows: it sends several responses before it hears of one,
 * resources that must be refused, and only what is subscribed. It throws for what no client may do.
 */
export class ModelServer {
  readonly variant: Variant;
  /** Type → name → value; the value `bad` is one that clients refuse. */
  readonly world: Readonly<Record<ModelType, Map<string, string>>> = { cds: new Map(), eds: new Map() };
  readonly #transport: ScriptedTransport;
  readonly #rng: Rng;
  #stream = new Map<ModelType, StreamType>();
  #isFirstRequest = true;
  #nonceCount = 0;

  constructor(variant: Variant, transport: ScriptedTransport, rng: Rng) {
    this.variant = variant;
    this.#transport = transport;
    this.#rng = rng;
  }

  open(): void {
    this.#stream = new Map();
    this.#isFirstRequest = true;
    this.#transport.discard();
    this.#transport.open();
  }

  close(): void {
    this.#transport.close();
  }

  set(type: ModelType, name: string, value: string | undefined): void {
    if (value === undefined) this.world[type].delete(name);
    else this.world[type].set(name, value);
    for (const state of this.#stream.values()) state.isDirty = true;
  }

  /** Reads what the client sent. */
  read(): void {
    if (this.variant === 'sotw')
      for (const request of this.#transport.takeRequests()) this.#readSotw(request);
    else for (const request of this.#transport.takeDeltaRequests()) this.#readDelta(request);
  }

  /** Sends what there is to say. False: nothing. `hasGarbage`: with a resource that has no name. */
  respond(hasGarbage: boolean): boolean {
    let hasSent = false;
    for (const type of types) {
      const state = this.#stream.get(type);
      if (state === undefined || (!state.isDirty && state.asked.size === 0)) continue;
      hasSent =
        (this.variant === 'sotw'
          ? this.#sendSotw(type, state, hasGarbage)
          : this.#sendDelta(type, state, hasGarbage)) || hasSent;
    }
    return hasSent;
  }

  /** Everything is to be said once more. */
  markAll(): void {
    for (const state of this.#stream.values()) state.isDirty = true;
  }

  /** What the client has subscribed to; undefined where it never asked on this stream. */
  subscription(type: ModelType): Readonly<Pick<StreamType, 'isWildcard' | 'hasNamed' | 'names'>> | undefined {
    return this.#stream.get(type);
  }

  unansweredCount(type: ModelType): number {
    return this.#stream.get(type)?.unanswered.length ?? 0;
  }

  #readSotw({
    node,
    typeUrl,
    responseNonce,
    resourceNames,
    errorDetail,
  }: ReturnType<ScriptedTransport['takeRequests']>[number]): void {
    this.#checkNode(node !== undefined);
    const [state] = this.#stateOf(typeUrl);
    this.#readAnswer(state, typeUrl, responseNonce, errorDetail !== undefined);
    state.hasNamed ||= resourceNames.length > 0;
    const isWildcard = resourceNames.includes('*') || (!state.hasNamed && typeUrl === 'cds');
    const names = resourceNames.filter((name) => name !== '*');
    for (const name of names) if (!state.names.has(name)) state.asked.add(name);
    if (isWildcard && !state.isWildcard) state.isDirty = true;
    state.isWildcard = isWildcard;
    state.names.clear();
    for (const name of names) state.names.add(name);
    for (const name of state.asked) if (!state.names.has(name)) state.asked.delete(name);
  }

  #readDelta({
    node,
    typeUrl,
    responseNonce,
    resourceNamesSubscribe,
    resourceNamesUnsubscribe,
    initialResourceVersions,
    errorDetail,
  }: ReturnType<ScriptedTransport['takeDeltaRequests']>[number]): void {
    this.#checkNode(node !== undefined);
    const [state, isFirst] = this.#stateOf(typeUrl);
    const onTheirWay = state.unanswered.flatMap((sent) => sent.names);
    if (responseNonce !== '') this.#readAnswer(state, typeUrl, responseNonce, errorDetail !== undefined);
    if (!isFirst && Object.keys(initialResourceVersions).length > 0)
      throw new Violation(`${typeUrl}: initial versions in a later request`);
    for (const [name, version] of Object.entries(initialResourceVersions)) state.told.set(name, version);
    if (isFirst && resourceNamesSubscribe.length === 0 && typeUrl === 'cds') state.isWildcard = true;
    for (const name of resourceNamesSubscribe) {
      // Who asks for everything once more gets everything once more: what came in between was for nobody.
      if (name === '*') {
        state.isWildcard = true;
        if (!isFirst) for (const known of [...state.told.keys(), ...onTheirWay]) state.told.set(known, '');
      } else {
        state.names.add(name);
        state.asked.add(name);
      }
    }
    for (const name of resourceNamesUnsubscribe) {
      if (name === '*') state.isWildcard = false;
      // To give up what was never subscribed is allowed, and means nothing.
      else if (!state.names.delete(name)) continue;
      // Under the wildcard the client cannot know whether it still gets the name.
      else if (state.isWildcard) state.asked.add(name);
      else state.asked.delete(name);
    }
    state.isDirty = true;
    for (const name of state.told.keys()) if (!this.#isCovered(state, name)) state.told.delete(name);
  }

  #readAnswer(state: StreamType, typeUrl: string, nonce: string, isRefusal: boolean): void {
    const index = state.unanswered.findIndex((sent) => sent.nonce === nonce);
    const isRepeated = index === -1 && this.variant === 'sotw';
    if (isRepeated && !isRefusal) return;
    const sent = state.unanswered[index];
    if (sent === undefined)
      throw new Violation(`${typeUrl}: answers ${nonce}, which was not sent or is answered`);
    // In state of the world the newest nonce answers for those before it.
    if (index > 0 && this.variant === 'sotw') state.unanswered.splice(0, index);
    else if (index > 0)
      throw new Violation(`${typeUrl}: answers ${nonce} before ${state.unanswered[0]?.nonce ?? ''}`);
    state.unanswered.shift();
    if (isRefusal && !sent.isBad) throw new Violation(`${typeUrl}: refuses ${nonce}, which is valid`);
  }

  #checkNode(hasNode: boolean): void {
    if (hasNode !== this.#isFirstRequest)
      throw new Violation(hasNode ? 'the node comes again' : 'the first request has no node');
    this.#isFirstRequest = false;
  }

  #stateOf(typeUrl: string): [StreamType, boolean] {
    const type = types.find((name) => name === typeUrl);
    if (type === undefined) throw new Violation(`asks for ${typeUrl}`);
    const known = this.#stream.get(type);
    if (known !== undefined) return [known, false];
    const state: StreamType = {
      isWildcard: false,
      hasNamed: false,
      names: new Set(),
      asked: new Set(),
      told: new Map(),
      unanswered: [],
      isDirty: true,
    };
    this.#stream.set(type, state);
    return [state, true];
  }

  #isCovered(state: StreamType, name: string): boolean {
    return state.isWildcard || state.names.has(name);
  }

  #sendSotw(type: ModelType, state: StreamType, hasGarbage: boolean): boolean {
    const resources = [...this.world[type]].filter(([name]) => this.#isCovered(state, name));
    state.isDirty = false;
    state.asked.clear();
    if (type === 'eds' && resources.length === 0) return false;
    this.#transport.respond({
      typeUrl: type,
      versionInfo: String(this.#nonceCount),
      nonce: this.#note(state, resources, hasGarbage),
      resources: encode(type, resources, hasGarbage),
    });
    return true;
  }

  #sendDelta(type: ModelType, state: StreamType, hasGarbage: boolean): boolean {
    const changed = [...this.world[type]].filter(
      ([name, value]) =>
        this.#isCovered(state, name) && (state.told.get(name) !== value || state.asked.has(name)),
    );
    const gone = new Set(
      [...state.told.keys(), ...state.asked].filter((name) => !this.world[type].has(name)),
    );
    state.isDirty = false;
    state.asked.clear();
    if (changed.length + gone.size === 0) return false;
    for (const [name, value] of changed) state.told.set(name, value);
    for (const name of gone) state.told.delete(name);
    const any = encode(type, changed, hasGarbage);
    this.#transport.respondDelta({
      typeUrl: type,
      nonce: this.#note(state, changed, hasGarbage),
      removedResources: [...gone],
      resources: any.map((resource, index) => ({
        name: changed[index]?.[0] ?? '',
        version: changed[index]?.[1] ?? 'x',
        resource,
      })),
    });
    return true;
  }

  #note(state: StreamType, resources: readonly (readonly [string, string])[], hasGarbage: boolean): string {
    const nonce = `n${++this.#nonceCount}.${randomInteger(this.#rng, 10)}`;
    state.unanswered.push({
      names: resources.map(([name]) => name),
      nonce,
      isBad: hasGarbage || resources.some(([, value]) => value === 'bad'),
    });
    return nonce;
  }
}

function encode(
  type: ModelType,
  resources: readonly (readonly [string, string])[],
  hasGarbage: boolean,
): { typeUrl: string; value: Buffer }[] {
  const texts = resources.map(([name, value]) => `${name}=${value}`);
  return [...texts, ...(hasGarbage ? ['garbage'] : [])].map((text) => ({
    typeUrl: type,
    value: Buffer.from(text),
  }));
}
