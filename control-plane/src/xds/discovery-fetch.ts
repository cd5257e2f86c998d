import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { DiscoveryRequest, DiscoveryResponse, Node } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import {
  versionOfSet,
  type LeftOutNote,
  type Snapshot,
  type SnapshotResource,
} from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-cache.ts';
import type { ClientResource } from './client-resource.ts';
import type { NodeReporter, NodeStatusBoard } from './node-status.ts';
import { legacyWildcardTypes } from './push-plan.ts';
import { covers, createSubscription, setNames } from './subscription.ts';
import { userAgentOf } from './user-agent.ts';

export interface FetchDependencies {
  readonly snapshots: SnapshotSource;
  readonly nodes: NodeStatusBoard;
  readonly emptyAssignment: (name: string) => SnapshotResource;
  readonly clock: Clock;
  readonly controlPlaneId: string;
}

/** What a client that polls was told last about one type. */
interface Polled {
  readonly reporter: NodeReporter;
  version: string;
  resources: readonly ClientResource[];
  leftOut: readonly LeftOutNote[];
  silence: Timer;
}

interface Selection {
  readonly resources: readonly SnapshotResource[];
  readonly leftOut: readonly LeftOutNote[];
}

export interface FetchAnswer {
  readonly response: MessageInit<DiscoveryResponse>;
  /** False: the client has it, or refused it already. */
  readonly isNews: boolean;
}

/** A client that did not ask for so long is gone: clients ask every few seconds to minutes. */
const goneAfterMs = 5 * 60_000;
/** The one that asked for the longest time not is forgotten beyond that, whatever clients invent. */
const maxPolledCount = 10_000;

/**
 * State of the world by single requests (`Fetch…`, and over HTTP `POST /v3/discovery:…`): clients ask again and again, and
 * say what became of the last answer. There is no order between types, and nothing that went is said.
 */
export class DiscoveryFetch {
  readonly #dependencies: FetchDependencies;
  readonly #polled = new Map<string, Polled>();

  constructor(dependencies: FetchDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * @throws InvalidInputError for a request that cannot be meant; HeddleError `registry-unavailable` before the first snapshot
   */
  answer(typeUrl: string, request: DiscoveryRequest): FetchAnswer {
    if (request.typeUrl !== '' && request.typeUrl !== typeUrl)
      throw refusal('type_url', `is ${request.typeUrl}, but this is the place for ${typeUrl}`);
    const { node } = request;
    if (node === undefined || node.id === '') throw refusal('node.id', 'is required');
    const { resources, leftOut } = this.#resourcesFor(typeUrl, node, request.resourceNames);
    const version = versionOfSet(resources);
    const polled = this.#polledBy(typeUrl, node, request.resourceNames);
    const status = this.#note(polled, typeUrl, version, request);
    const isRefused = status === 'ERROR' && request.errorDetail !== undefined;
    const why = isRefused
      ? { refusal: { message: request.errorDetail.message, at: this.#dependencies.clock.now() } }
      : {};
    polled.leftOut = leftOut;
    polled.resources = resources.map((resource) => ({ resource, status, ...why }));
    return {
      response: {
        versionInfo: version,
        typeUrl,
        resources: resources.map(({ any }) => any),
        nonce: version,
        controlPlane: { identifier: this.#dependencies.controlPlaneId },
      },
      isNews: status === 'STALE',
    };
  }

  /** Writes down what the client says about its last answer, and what it gets now. */
  #note(
    polled: Polled,
    typeUrl: string,
    version: string,
    request: DiscoveryRequest,
  ): 'SYNCED' | 'STALE' | 'ERROR' {
    const isKnown = polled.version === version;
    if (request.errorDetail !== undefined && polled.version !== '') {
      const { message } = request.errorDetail;
      const nack = { message, version: polled.version, nonce: polled.version };
      polled.reporter.onRefused(typeUrl, { ...nack, resourceNames: request.resourceNames });
      if (isKnown) return 'ERROR';
    }
    const hasIt = request.errorDetail === undefined && request.versionInfo === version;
    if (!isKnown || !hasIt) polled.reporter.onSent(typeUrl, version, version);
    if (hasIt) polled.reporter.onAcknowledged(typeUrl, version);
    polled.version = version;
    return hasIt ? 'SYNCED' : 'STALE';
  }

  /** Forgets all clients. */
  stop(): void {
    for (const { silence } of this.#polled.values()) silence.cancel();
    this.#polled.clear();
  }

  #resourcesFor(typeUrl: string, node: Node, resourceNames: readonly string[]): Selection {
    const watch = this.#dependencies.snapshots.watch(node, () => undefined);
    try {
      const snapshot = watch.current();
      if (snapshot === undefined)
        throw new HeddleError('registry-unavailable', 'the registry was not read yet');
      return this.#select(snapshot, typeUrl, resourceNames);
    } finally {
      watch.close();
    }
  }

  #select(snapshot: Snapshot, typeUrl: string, wanted: readonly string[]): Selection {
    const { subscription } = setNames(createSubscription(legacyWildcardTypes.has(typeUrl)), wanted);
    const names = subscription.isWildcard ? snapshot.names(typeUrl) : subscription.names;
    const resources = [...names].flatMap((name) => {
      const resource = snapshot.get(typeUrl, name);
      if (resource === undefined && typeUrl === typeUrls.clusterLoadAssignment)
        return this.#dependencies.emptyAssignment(name);
      return resource ?? [];
    });
    const leftOut = snapshot.leftOut.filter(
      (note) => note.typeUrl === typeUrl && covers(subscription, note.name),
    );
    return { resources, leftOut };
  }

  #polledBy(typeUrl: string, node: Node, resourceNames: readonly string[]): Polled {
    const { clock, nodes } = this.#dependencies;
    const key = JSON.stringify([node.id, typeUrl, resourceNames]);
    const silence = clock.setTimer(goneAfterMs, () => this.#forget(key));
    let polled = this.#polled.get(key);
    if (polled === undefined) {
      const identity = {
        nodeId: node.id,
        cluster: node.cluster,
        userAgent: userAgentOf(node),
        variant: 'sotw',
        isOnly: false,
      } as const;
      const opened: Polled = {
        reporter: nodes.open(identity, {
          node,
          describe: () => opened.resources,
          leftOut: () => opened.leftOut,
        }),
        version: '',
        resources: [],
        leftOut: [],
        silence,
      };
      polled = opened;
    }
    if (polled.silence !== silence) polled.silence.cancel();
    polled.silence = silence;
    // Those that asked last are last.
    this.#polled.delete(key);
    this.#polled.set(key, polled);
    const [oldest] = this.#polled.keys();
    if (this.#polled.size > maxPolledCount && oldest !== undefined) this.#forget(oldest);
    return polled;
  }

  #forget(key: string): void {
    const polled = this.#polled.get(key);
    polled?.silence.cancel();
    polled?.reporter.onClosed();
    this.#polled.delete(key);
  }
}

function refusal(path: string, message: string): InvalidInputError {
  return new InvalidInputError([{ path, message }]);
}
