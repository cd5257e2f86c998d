import { isDeepStrictEqual } from 'node:util';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { toTypeUrl } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { Node } from '@heddle/shared/xds/api';
import type { LeftOutResource } from '../translate/left-out.ts';
import type { Mesh } from '../translate/mesh.ts';
import { isGrpcClient, parseGrpcScope, type GrpcScope } from '../translate/grpc-scope.ts';
import { parseNodeScope, type InboundScope, type OutboundScope } from '../translate/node-scope.ts';
import { planGrpc } from '../translate/plan-grpc.ts';
import { planInbound, planOutbound, type Plan, type PlannedResource } from '../translate/translate-scope.ts';
import { findDanglingReferences } from './consistency.ts';
import {
  createSnapshotResource,
  SnapshotLayer,
  type LeftOutNote,
  type SnapshotResource,
} from './snapshot.ts';

export type LayerScope =
  | { readonly kind: 'outbound'; readonly scope: OutboundScope }
  | { readonly kind: 'inbound'; readonly scope: InboundScope }
  | { readonly kind: 'grpc'; readonly scope: GrpcScope };

/** What a node gets, by what it says of itself. @throws InvalidInputError when it does not say that clearly */
export function layerScopesOf(node: ScopedNode): readonly LayerScope[] {
  if (isGrpcClient(node)) return [{ kind: 'grpc', scope: parseGrpcScope(node) }];
  const { outbound, inbound } = parseNodeScope(node);
  return [
    { kind: 'outbound', scope: outbound },
    ...(inbound === undefined ? [] : [{ kind: 'inbound', scope: inbound } as const]),
  ];
}

/** What of a node decides what it gets. */
export type ScopedNode = Pick<Node, 'id' | 'metadata'> & Partial<Pick<Node, 'clientFeatures'>>;

export type BuildResult =
  | { readonly kind: 'built'; readonly layer: SnapshotLayer }
  /** The candidate must not be served; every reason is given. */
  | { readonly kind: 'rejected'; readonly problems: readonly string[] };

/** Problems of an encoded resource: `validate.rules` of the API. Empty when it is fine. */
export type ResourceCheck = (typeName: PlannedResource['typeName'], bytes: Buffer) => readonly string[];

interface BuiltResource {
  readonly inputs: readonly unknown[];
  readonly resource: SnapshotResource;
}

/**
 * Builds layers and remembers the resources of the last round, over all scopes: what has the same inputs is
 * neither translated nor encoded again, and what has the same bytes stays the same object.
 */
export class SnapshotBuilder {
  readonly #api: XdsApi;
  readonly #check: ResourceCheck;
  #current = new Map<string, BuiltResource>();
  #previous = new Map<string, BuiltResource>();

  constructor(api: XdsApi, check: ResourceCheck) {
    this.#api = api;
    this.#check = check;
  }

  /** Call before the layers of a new mesh are built: forgets what the round before the last one alone needed. */
  startRound(): void {
    this.#previous = this.#current;
    this.#current = new Map();
  }

  /** Returns `previous` itself when nothing differs from it. */
  buildLayer(mesh: Mesh, scope: LayerScope, previous: SnapshotLayer | undefined): BuildResult {
    const plan = planLayer(this.#api, mesh, scope);
    const problems: string[] = [];
    const resources = new Map<string, Map<string, SnapshotResource>>();
    for (const planned of plan.resources) {
      const resource = this.#resourceOf(planned, problems);
      if (resource === undefined) continue;
      const ofType = resources.get(resource.typeUrl);
      if (ofType === undefined) resources.set(resource.typeUrl, new Map([[resource.name, resource]]));
      else ofType.set(resource.name, resource);
    }
    if (problems.length > 0) return { kind: 'rejected', problems };
    const layer = keepEqual(new SnapshotLayer(resources, plan.leftOut.map(toNote)), previous);
    const dangling = layer === previous ? [] : findDanglingReferences(layer);
    return dangling.length > 0 ? { kind: 'rejected', problems: dangling } : { kind: 'built', layer };
  }

  #resourceOf(planned: PlannedResource, problems: string[]): SnapshotResource | undefined {
    const known = this.#current.get(planned.key) ?? this.#previous.get(planned.key);
    if (known !== undefined && hasSameInputs(known.inputs, planned.inputs)) {
      this.#current.set(planned.key, known);
      return known.resource;
    }
    const built = this.#build(planned, problems);
    if (built === undefined) return undefined;
    const resource = known !== undefined && isSameResource(known.resource, built) ? known.resource : built;
    this.#current.set(planned.key, { inputs: planned.inputs, resource });
    return resource;
  }

  #build({ typeName, name, build }: PlannedResource, problems: string[]): SnapshotResource | undefined {
    const label = `${typeName.slice(typeName.lastIndexOf('.') + 1)} "${name}"`;
    try {
      const { value, references, leftOut } = build();
      const bytes = this.#api.encodeType(this.#api.types.message(typeName), value);
      const found = this.#check(typeName, bytes);
      problems.push(...found.map((problem) => `${label}: ${problem}`));
      return found.length > 0
        ? undefined
        : createSnapshotResource(toTypeUrl(typeName), name, bytes, references, leftOut);
    } catch (thrown) {
      if (!(thrown instanceof InvalidInputError)) throw thrown;
      problems.push(`${label}: ${thrown.message}`);
      return undefined;
    }
  }
}

function planLayer(api: XdsApi, mesh: Mesh, { kind, scope }: LayerScope): Plan {
  switch (kind) {
    case 'outbound':
      return planOutbound(api, mesh, scope);
    case 'inbound':
      return planInbound(api, mesh, scope);
    case 'grpc':
      return planGrpc(api, mesh, scope);
  }
}

function toNote({ typeName, name, reason }: LeftOutResource): LeftOutNote {
  return { typeUrl: toTypeUrl(typeName), name, reason };
}

function isSameResource(a: SnapshotResource, b: SnapshotResource): boolean {
  return a.version === b.version && isDeepStrictEqual(a.leftOut, b.leftOut);
}

function hasSameInputs(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((input, index) => Object.is(input, b[index]));
}

/** Maps of types in which nothing changed are the previous ones, which makes a difference cheap to find. */
function keepEqual(next: SnapshotLayer, previous: SnapshotLayer | undefined): SnapshotLayer {
  if (previous === undefined) return next;
  let isEqual =
    next.resources.size === previous.resources.size &&
    isDeepStrictEqual(next.leftOutResources, previous.leftOutResources);
  const resources = new Map(next.resources);
  for (const [typeUrl, ofType] of next.resources) {
    const before = previous.resources.get(typeUrl);
    if (before !== undefined && isSameMap(before, ofType)) resources.set(typeUrl, before);
    else isEqual = false;
  }
  return isEqual ? previous : new SnapshotLayer(resources, next.leftOutResources);
}

function isSameMap<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of b) if (a.get(key) !== value) return false;
  return true;
}
