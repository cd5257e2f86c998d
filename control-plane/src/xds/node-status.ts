import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Node } from '@heddle/shared/xds/api';
import { contentHash } from '@heddle/shared/xds/content-hash';
import type { LeftOutNote } from '../snapshot/snapshot.ts';
import { mergeResources, type ClientResource } from './client-resource.ts';

export interface Nack {
  /** What the client said, as it said it. */
  readonly message: string;
  readonly version: string;
  readonly nonce: string;
  /** Names that the refused response added or changed. */
  readonly resourceNames: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
}

/** `synced`: acknowledged. `stale`: sent, no answer yet, or something waits to be sent. `refused`: a NACK came, and what it was about has not changed since. */
export type SyncState = 'synced' | 'stale' | 'refused';

export interface TypeStatus {
  readonly typeUrl: string;
  readonly state: SyncState;
  readonly sentVersion: string;
  readonly acknowledgedVersion: string;
  /** Of the last response. */
  readonly nonce: string;
  /** Kept after a later success, for whoever asks what happened. */
  readonly lastNack?: Nack;
  /** What all workers of a Heddle sidecar serve; absent for clients that do not report it. */
  readonly liveVersion?: string;
}

export interface NodeStatus {
  readonly nodeId: string;
  readonly cluster: string;
  readonly userAgent: string;
  readonly isConnected: boolean;
  readonly variant: 'sotw' | 'delta';
  /** Epoch milliseconds. */
  readonly connectedAt: number;
  readonly disconnectedAt?: number;
  /** The worst of all types. */
  readonly state: SyncState;
  readonly types: readonly TypeStatus[];
  /** Hash over what all workers of a Heddle sidecar serve, of every type; absent for clients that do not report it. */
  readonly liveVersion?: string;
  /** What it wants and does not get, because of what it is. */
  readonly leftOut: readonly LeftOutNote[];
}

export interface NodeIdentity {
  readonly nodeId: string;
  readonly cluster: string;
  readonly userAgent: string;
  readonly variant: 'sotw' | 'delta';
  /** Whether its node has one such stream, which takes the place of an older one. Others add up. */
  readonly isOnly: boolean;
}

/** Who is at the other end of a stream, and what it was sent. */
export interface StreamClient {
  readonly node: Node;
  /** Made when it is asked for. */
  describe(): readonly ClientResource[];
  /** What it wants and does not get, because of what it is. Made when it is asked for. */
  leftOut(): readonly LeftOutNote[];
}

/** Where one stream writes what becomes of its node. Without effect once a newer stream stands in its place. */
export interface NodeReporter {
  onSent(typeUrl: string, version: string, nonce: string): void;
  /** `hasRefused`: something of the type, sent earlier, stays refused. */
  onAcknowledged(typeUrl: string, version: string, hasRefused?: boolean): void;
  onRefused(typeUrl: string, nack: Omit<Nack, 'at'>): void;
  onClosed(): void;
}

interface MutableType {
  state: SyncState;
  /** Monotonic; of the first response that the proxy owes an answer to. Meaningful while `stale`. */
  staleSinceMs: number;
  sentVersion: string;
  acknowledgedVersion: string;
  nonce: string;
  lastNack: Nack | undefined;
}

interface StreamRecord {
  readonly isOnly: boolean;
  readonly client: StreamClient;
  readonly types: Map<string, MutableType>;
}

interface NodeRecord {
  /** As the newest stream says. */
  identity: NodeIdentity;
  connectedAt: number;
  /** Those that are open, in the order in which they were opened; of a node that left, those that it had. */
  streams: readonly StreamRecord[];
  disconnectedAt: number | undefined;
  /** By type URL. */
  readonly liveVersions: Map<string, string>;
}

/**
 * What every proxy was sent, acknowledged and refused. A node that left stays for a while as not connected.
 * While a proxy reconnects it may have two aggregated streams: the newest one counts. Streams of single types add up,
 * and those of a gRPC client, which opens one for each name that it dials.
 */
export class NodeStatusBoard {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #records = new Map<string, NodeRecord>();
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  open(identity: NodeIdentity, client: StreamClient): NodeReporter {
    const { nodeId } = identity;
    this.#timers.get(nodeId)?.cancel();
    this.#timers.delete(nodeId);
    const stream: StreamRecord = { isOnly: identity.isOnly, client, types: new Map() };
    const record = this.#join(identity, stream);
    return {
      onSent: (typeUrl, version, nonce) => {
        const type = typeOf(stream, typeUrl);
        if (type.state !== 'stale' || type.sentVersion === '') type.staleSinceMs = this.#clock.monotonicMs();
        Object.assign(type, { state: 'stale', sentVersion: version, nonce });
      },
      onAcknowledged: (typeUrl, version, hasRefused = false) => {
        const state = hasRefused ? 'refused' : 'synced';
        Object.assign(typeOf(stream, typeUrl), { state, acknowledgedVersion: version });
      },
      onRefused: (typeUrl, nack) => {
        const lastNack = { ...nack, at: this.#clock.now() };
        Object.assign(typeOf(stream, typeUrl), { state: 'refused', lastNack });
      },
      onClosed: () => this.#onClosed(nodeId, record, stream),
    };
  }

  #join(identity: NodeIdentity, stream: StreamRecord): NodeRecord {
    const { nodeId, isOnly } = identity;
    const known = this.#records.get(nodeId);
    const others = known?.disconnectedAt === undefined ? (known?.streams ?? []) : [];
    const kept = isOnly ? others.filter((other) => !other.isOnly) : others;
    const record = known ?? {
      identity,
      connectedAt: 0,
      streams: [],
      disconnectedAt: undefined,
      liveVersions: new Map<string, string>(),
    };
    record.identity = identity;
    if (kept.length === 0) record.connectedAt = this.#clock.now();
    record.streams = [...kept, stream];
    record.disconnectedAt = undefined;
    this.#records.set(nodeId, record);
    return record;
  }

  #onClosed(nodeId: string, record: NodeRecord, stream: StreamRecord): void {
    if (this.#records.get(nodeId) !== record || !record.streams.includes(stream)) return;
    if (record.disconnectedAt !== undefined) return;
    if (record.streams.length > 1) {
      record.streams = record.streams.filter((other) => other !== stream);
      return;
    }
    // What the stream had in mind must not stay for as long as its status.
    record.streams = [
      { ...stream, client: { node: stream.client.node, describe: () => [], leftOut: () => [] } },
    ];
    record.disconnectedAt = this.#clock.now();
    this.#timers.set(
      nodeId,
      this.#clock.setTimer(this.#keepMs, () => this.#forget(nodeId)),
    );
  }

  /** What a sidecar says that all its workers serve, by type URL. Unknown nodes are ignored: they have no stream. */
  reportLive(nodeId: string, versions: Readonly<Record<string, string>>): void {
    const record = this.#records.get(nodeId);
    for (const [typeUrl, version] of Object.entries(versions)) record?.liveVersions.set(typeUrl, version);
  }

  list(): NodeStatus[] {
    return [...this.#records.values()].map(toStatus).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  /** Connected nodes, by the worst state of their types. */
  countByState(): Readonly<Record<SyncState, number>> {
    const counts: Record<SyncState, number> = { synced: 0, stale: 0, refused: 0 };
    for (const record of this.#connected())
      counts[worstOf(Array.from(typesOf(record), ([, type]) => type.state))]++;
    return counts;
  }

  /** How long the connected node that is furthest behind has owed an answer. */
  lagMs(): number {
    const nowMs = this.#clock.monotonicMs();
    let lagMs = 0;
    for (const record of this.#connected()) {
      for (const [, { state, staleSinceMs, sentVersion }] of typesOf(record)) {
        if (state === 'stale' && sentVersion !== '') lagMs = Math.max(lagMs, nowMs - staleSinceMs);
      }
    }
    return lagMs;
  }

  /** Connected nodes, each with what it gets over all its streams. */
  *clients(): Iterable<StreamClient> {
    for (const { streams } of this.#connected()) {
      const newest = streams.at(-1);
      if (newest === undefined) continue;
      const describe = () => mergeResources(streams.flatMap(({ client }) => client.describe()));
      const leftOut = () => leftOutOf(streams);
      yield { node: newest.client.node, describe, leftOut };
    }
  }

  *#connected(): Iterable<NodeRecord> {
    for (const record of this.#records.values()) if (record.disconnectedAt === undefined) yield record;
  }

  get(nodeId: string): NodeStatus | undefined {
    const record = this.#records.get(nodeId);
    return record === undefined ? undefined : toStatus(record);
  }

  #forget(nodeId: string): void {
    this.#records.delete(nodeId);
    this.#timers.delete(nodeId);
  }
}

function typeOf({ types }: StreamRecord, typeUrl: string): MutableType {
  let type = types.get(typeUrl);
  if (type === undefined) {
    type = {
      state: 'stale',
      staleSinceMs: 0,
      sentVersion: '',
      acknowledgedVersion: '',
      nonce: '',
      lastNack: undefined,
    };
    types.set(typeUrl, type);
  }
  return type;
}

function* typesOf({ streams }: NodeRecord): Iterable<readonly [typeUrl: string, type: MutableType]> {
  for (const { types } of streams) yield* types;
}

function toStatus(record: NodeRecord): NodeStatus {
  const { identity, connectedAt, disconnectedAt, liveVersions } = record;
  const byType = Map.groupBy(typesOf(record), ([typeUrl]) => typeUrl);
  const types = Array.from(byType, ([typeUrl, entries]): TypeStatus => {
    const { staleSinceMs: _, lastNack, ...type } = mergeTypes(entries.map(([, type]) => type));
    const liveVersion = liveVersions.get(typeUrl);
    return {
      typeUrl,
      ...type,
      ...(lastNack === undefined ? {} : { lastNack }),
      ...(liveVersion === undefined ? {} : { liveVersion }),
    };
  });
  const { nodeId, cluster, userAgent, variant } = identity;
  return {
    nodeId,
    cluster,
    userAgent,
    variant,
    isConnected: disconnectedAt === undefined,
    connectedAt,
    state: worstOf(types.map((type) => type.state)),
    types,
    leftOut: leftOutOf(record.streams),
    ...(disconnectedAt === undefined ? {} : { disconnectedAt }),
    ...(liveVersions.size === 0 ? {} : { liveVersion: contentHash(...[...liveVersions].map(String).sort()) }),
  };
}

function leftOutOf(streams: readonly StreamRecord[]): readonly LeftOutNote[] {
  const notes = streams.flatMap(({ client }) => client.leftOut());
  return [...new Map(notes.map((note) => [JSON.stringify(note), note])).values()];
}

/** One type on several streams, as Envoys have one for each set of endpoints: the newest, in the worst state of all. */
function mergeTypes(types: readonly MutableType[]): MutableType {
  return types.reduce((merged, type) => ({
    ...(type.sentVersion === '' ? merged : type),
    state: worstOf([merged.state, type.state]),
    lastNack: latestOf(merged.lastNack, type.lastNack),
  }));
}

function latestOf(a: Nack | undefined, b: Nack | undefined): Nack | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.at >= a.at ? b : a;
}

function worstOf(states: readonly SyncState[]): SyncState {
  if (states.includes('refused')) return 'refused';
  return states.includes('stale') || states.length === 0 ? 'stale' : 'synced';
}
