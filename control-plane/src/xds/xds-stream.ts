import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Logger } from '@heddle/shared/logging/logger';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Node, Status } from '@heddle/shared/xds/api';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import {
  versionOfSet,
  type LeftOutNote,
  type Snapshot,
  type SnapshotChange,
  type SnapshotResource,
} from '../snapshot/snapshot.ts';
import type { NodeWatch, SnapshotSource } from '../snapshot/snapshot-cache.ts';
import { classifyDeltaRequest, classifySotwRequest } from './classify-request.ts';
import { describeType, unservedNames, type ClientResource } from './client-resource.ts';
import type { ResponseEncoder } from './encode-response.ts';
import type { NodeReporter, NodeStatusBoard } from './node-status.ts';
import { Pusher, type Push } from './pusher.ts';
import { covers, setNames, updateNames } from './subscription.ts';
import { TypeState } from './type-state.ts';
import { userAgentOf } from './user-agent.ts';
import type { XdsMetrics } from './xds-metrics.ts';

/** Both variants' requests, as far as they are alike. */
export interface StreamRequest {
  readonly node?: Node;
  readonly typeUrl: string;
  readonly responseNonce: string;
  readonly errorDetail?: Status;
  readonly names: RequestedNames;
}

export type RequestedNames =
  /** `acceptedVersion`: empty until the client accepted something, on this stream or an earlier one. */
  | { readonly kind: 'sotw'; readonly list: readonly string[]; readonly acceptedVersion: string }
  | {
      readonly kind: 'delta';
      readonly subscribe: readonly string[];
      readonly unsubscribe: readonly string[];
      readonly initialVersions: Readonly<Record<string, string>>;
    };

export interface StreamTransport {
  /** False: the transport is full; call `onDrain` when it is not any more. */
  write(response: Buffer): boolean;
  /** Ends the stream with INVALID_ARGUMENT: the client must be set up differently. */
  refuse(message: string): void;
}

export interface StreamDependencies {
  /** The type of the service; undefined: the service is the aggregated one. */
  readonly typeUrl: string | undefined;
  readonly snapshots: SnapshotSource;
  readonly nodes: NodeStatusBoard;
  readonly encoder: ResponseEncoder;
  readonly emptyAssignment: (name: string) => SnapshotResource;
  readonly metrics: XdsMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long what depends on an acknowledgement waits for a silent client. */
  readonly ackTimeoutMs: number;
  /** At which size a response is cut, where the protocol allows it. */
  readonly maxResponseBytes: number;
}

interface OpenNode {
  readonly id: string;
  readonly watch: NodeWatch;
  readonly reporter: NodeReporter;
}

/**
 * One stream of either variant, aggregated or of a single type. At most one response of a type is outstanding; whatever changes meanwhile
 * is merged into the next. Every event ends in `#pump`, which sends all that the push plan lets go.
 */
export class XdsStream {
  readonly #variant: 'sotw' | 'delta';
  readonly #dependencies: StreamDependencies;
  readonly #transport: StreamTransport;
  readonly #states = new Map<string, TypeState>();
  readonly #pusher: Pusher;
  #node: OpenNode | undefined;
  /** gRPC names what it wants; without names it wants nothing. */
  #isGrpc = false;
  #snapshot: Snapshot | undefined;
  #nonceCount = 0;
  #isWritable = true;
  #isClosed = false;
  #wasHeldBack = false;
  #wakeUp: Timer | undefined;

  constructor(variant: 'sotw' | 'delta', dependencies: StreamDependencies, transport: StreamTransport) {
    this.#variant = variant;
    this.#dependencies = dependencies;
    this.#transport = transport;
    this.#pusher = new Pusher({
      variant,
      isAggregated: dependencies.typeUrl === undefined,
      states: this.#states,
      ackTimeoutMs: dependencies.ackTimeoutMs,
      maxResponseBytes: dependencies.maxResponseBytes,
      sizeOf: (resource: SnapshotResource) => dependencies.encoder.sizeOf(resource),
      emptyAssignment: dependencies.emptyAssignment,
      openedAtMs: dependencies.clock.monotonicMs(),
    });
  }

  onRequest(request: StreamRequest): void {
    if (this.#isClosed) return;
    if (this.#node === undefined && !this.#open(request.node)) return;
    const typeUrl = this.#typeOf(request.typeUrl);
    if (typeUrl === undefined) return;
    let state = this.#states.get(typeUrl);
    const isFirst = state === undefined;
    if (state === undefined) {
      state = new TypeState(typeUrl, !this.#isGrpc);
      this.#states.set(typeUrl, state);
    }
    // One request may both answer a response and ask for more.
    const onTheirWay = state.outstanding?.names ?? [];
    this.#applyAnswer(state, request, isFirst);
    this.#applyNames(state, request.names, isFirst, onTheirWay);
    this.#pump();
  }

  /** The transport takes more. */
  onDrain(): void {
    this.#isWritable = true;
    this.#pump();
  }

  /** The client is gone, or the server ends the stream. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wakeUp?.cancel();
    this.#node?.watch.close();
    this.#node?.reporter.onClosed();
  }

  /** Who speaks to the service of one type need not name it. undefined: the stream was refused. */
  #typeOf(requested: string): string | undefined {
    const served = this.#dependencies.typeUrl;
    if (requested === '' && served === undefined)
      this.#refuse('type_url is required on an aggregated stream');
    else if (requested !== '' && served !== undefined && requested !== served)
      this.#refuse(`type_url is ${requested}, but this service serves ${served} only`);
    else return requested === '' ? served : requested;
    return undefined;
  }

  #refuse(message: string): void {
    this.close();
    this.#transport.refuse(message);
  }

  /** Only the first request is sure to say which node it is; what later ones say is not looked at. */
  #open(node: Node | undefined): boolean {
    const { snapshots, nodes, logger } = this.#dependencies;
    if (node === undefined || node.id === '') {
      this.#refuse('node.id is required in the first request of a stream');
      return false;
    }
    try {
      const watch = snapshots.watch(node, (snapshot, change) => this.#onSnapshot(snapshot, change));
      const identity = {
        nodeId: node.id,
        cluster: node.cluster,
        userAgent: userAgentOf(node),
        variant: this.#variant,
        isOnly: this.#dependencies.typeUrl === undefined && !watch.isGrpc,
      };
      const client = { node, describe: () => this.#describe(), leftOut: () => this.#leftOut() };
      this.#isGrpc = watch.isGrpc;
      this.#node = { id: node.id, watch, reporter: nodes.open(identity, client) };
      this.#snapshot = watch.current();
    } catch (thrown) {
      if (!(thrown instanceof InvalidInputError)) throw thrown;
      logger.warn({ node: node.id, err: thrown.message }, 'node refused');
      this.#refuse(thrown.message);
      return false;
    }
    logger.info({ node: node.id, variant: this.#variant }, 'proxy connected');
    return true;
  }

  #describe(): readonly ClientResource[] {
    return [...this.#states.values()].flatMap((state) => describeType(state, this.#snapshot));
  }

  /** Of what the client wants. */
  #leftOut(): readonly LeftOutNote[] {
    const ofMesh = (this.#snapshot?.leftOut ?? []).filter(({ typeUrl, name }) => {
      const state = this.#states.get(typeUrl);
      return state !== undefined && covers(state.subscription, name);
    });
    return [...ofMesh, ...[...this.#states.values()].flatMap(unservedNames)];
  }

  #onSnapshot(snapshot: Snapshot, change: SnapshotChange): void {
    const isFirst = this.#snapshot === undefined;
    this.#snapshot = snapshot;
    if (isFirst) for (const state of this.#states.values()) state.markAll(snapshot);
    else for (const [typeUrl, names] of change) this.#states.get(typeUrl)?.markChanged(names);
    this.#pump();
  }

  #applyAnswer(state: TypeState, request: StreamRequest, isFirst: boolean): void {
    const exchange = { isFirst, lastNonce: state.lastNonce, isOutstanding: state.outstanding !== undefined };
    const facts = { responseNonce: request.responseNonce, hasError: request.errorDetail !== undefined };
    const classify = this.#variant === 'sotw' ? classifySotwRequest : classifyDeltaRequest;
    const kind = classify(exchange, facts);
    const { typeUrl, outstanding } = state;
    if (kind === 'ack' && outstanding !== undefined) {
      this.#pusher.onAnswered(state, 'accepted');
      this.#node?.reporter.onAcknowledged(typeUrl, outstanding.version, state.refusals.size > 0);
      this.#dependencies.metrics.onAcknowledged(typeUrl, this.#msSince(outstanding.sentAtMs));
    } else if (kind === 'nack' && outstanding !== undefined) {
      const { version, nonce } = outstanding;
      const message = request.errorDetail?.message ?? '';
      const refusal = { message, at: this.#dependencies.clock.now() };
      for (const name of outstanding.names) state.refusals.set(name, refusal);
      this.#dependencies.logger.warn(
        { node: this.#node?.id, typeUrl, version, nonce, err: message },
        'update refused',
      );
      this.#node?.reporter.onRefused(typeUrl, { message, version, nonce, resourceNames: outstanding.names });
      this.#dependencies.metrics.onRefused(typeUrl, this.#msSince(outstanding.sentAtMs));
      this.#pusher.onAnswered(state, 'refused');
    }
  }

  #msSince(moment: number): number {
    return this.#dependencies.clock.monotonicMs() - moment;
  }

  #applyNames(
    state: TypeState,
    names: RequestedNames,
    isFirst: boolean,
    onTheirWay: readonly string[],
  ): void {
    if (names.kind === 'delta' && isFirst && Object.keys(names.initialVersions).length > 0) {
      this.#pusher.isResumed = true;
      state.resume(names.initialVersions, this.#snapshot);
    }
    if (names.kind === 'sotw' && isFirst && names.acceptedVersion !== '') {
      this.#pusher.isResumed = true;
      state.resumeNames(names.list);
      this.#keepRetired(state, names.acceptedVersion, names.list);
    }
    // Every request brings its own copies of names; streams remember the snapshot's instead, which they share.
    const shared = (list: readonly string[]): readonly string[] =>
      list.map((name) => this.#snapshot?.get(state.typeUrl, name)?.name ?? name);
    const update =
      names.kind === 'sotw'
        ? setNames(state.subscription, shared(names.list))
        : updateNames(state.subscription, shared(names.subscribe), names.unsubscribe);
    state.applySubscription(update, this.#snapshot, onTheirWay);
  }

  /**
   * A complete set of clusters without those that went while the client was away would take them from under its
   * routes, which come later. It does not say which ones it has: so it keeps all that went lately, a little longer.
   */
  #keepRetired(state: TypeState, acceptedVersion: string, list: readonly string[]): void {
    if (state.typeUrl !== typeUrls.cluster || this.#node === undefined) return;
    const present = [...(this.#snapshot?.names(state.typeUrl) ?? [])].flatMap(
      (name) => this.#snapshot?.get(state.typeUrl, name) ?? [],
    );
    if (versionOfSet(present) === acceptedVersion) return;
    const isEverything = list.length === 0 || list.includes('*');
    const retired = this.#node.watch
      .retiredClusters()
      .filter(({ name }) => isEverything || list.includes(name));
    for (const resource of retired) {
      state.held.set(resource.name, resource);
      state.uncertain.add(resource.name);
    }
    state.markChanged(retired.map(({ name }) => name));
  }

  /**
   * The client holds what a registry gave it that had something in it, and this one was never written to: it lost its
   * data, or it is the wrong one. Nothing is taken from anybody before somebody writes.
   */
  #isHeldBack(): boolean {
    if (!this.#pusher.isResumed || this.#node?.watch.isUnwritten() !== true) return false;
    if (!this.#wasHeldBack) {
      this.#dependencies.logger.error(
        { node: this.#node.id },
        'the registry was never written to; a proxy that comes back keeps what it has',
      );
    }
    this.#wasHeldBack = true;
    return true;
  }

  #pump(): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || this.#isClosed || this.#isHeldBack()) return;
    const { clock } = this.#dependencies;
    let nowMs = clock.monotonicMs();
    while (this.#isWritable) {
      const push = this.#pusher.next(snapshot, nowMs);
      if (push === undefined) break;
      this.#send(push);
      nowMs = clock.monotonicMs();
    }
    this.#wakeUp?.cancel();
    // As of the moment at which the pusher was asked: what it held back until between then and now must not be missed.
    const delayMs = this.#pusher.nextWakeUpMs(nowMs);
    this.#wakeUp = delayMs === undefined ? undefined : clock.setTimer(delayMs, () => this.#pump());
  }

  #send(push: Push): void {
    const { encoder, metrics, logger, clock } = this.#dependencies;
    const { typeUrl } = push.state;
    this.#nonceCount += 1;
    const nonce = String(this.#nonceCount);
    const { version, resources, removed } = push;
    this.#pusher.onSent(push, nonce, clock.monotonicMs());
    const bytes = encoder.encode({ typeUrl, version, nonce, resources, removed });
    this.#isWritable = this.#transport.write(bytes);
    this.#node?.reporter.onSent(typeUrl, version, nonce);
    metrics.onSent(typeUrl, bytes.length);
    if (logger.isLevelEnabled('debug')) {
      logger.debug(
        { node: this.#node?.id, typeUrl, version, nonce, count: resources.length, removed },
        'response sent',
      );
    }
  }
}
