import { contentHash } from '@heddle/shared/xds/content-hash';
import type { Any } from '@heddle/shared/xds/api';

/** Another resource that must exist for this one to work. */
export interface ResourceReference {
  readonly typeUrl: string;
  readonly name: string;
}

/** One resource as it is sent: encoded once, its bytes shared by all streams. */
export interface SnapshotResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Hash of the bytes. */
  readonly version: string;
  readonly any: Any;
  readonly references: readonly ResourceReference[];
  /** Parts of what it stands for that its clients would refuse, or would not do. */
  readonly leftOut: readonly LeftOutPart[];
}

export interface LeftOutPart {
  /** In the words of the mesh. */
  readonly part: string;
  readonly reason: string;
}

/** Something that a client does not get; without `part`, the whole resource. */
export interface LeftOutNote {
  readonly typeUrl: string;
  readonly name: string;
  readonly part?: string;
  readonly reason: string;
}

const nothingLeftOut: readonly LeftOutPart[] = [];

export function createSnapshotResource(
  typeUrl: string,
  name: string,
  bytes: Buffer,
  references: readonly ResourceReference[] = [],
  leftOut: readonly LeftOutPart[] = nothingLeftOut,
): SnapshotResource {
  return { typeUrl, name, version: contentHash(bytes), any: { typeUrl, value: bytes }, references, leftOut };
}

/** Resources by type URL, then by name. */
export type ResourceSet = ReadonlyMap<string, ReadonlyMap<string, SnapshotResource>>;

/** Names of what was added, changed or removed, by type URL. */
export type SnapshotChange = ReadonlyMap<string, readonly string[]>;

/** Resources that many nodes have in common. Immutable. */
export class SnapshotLayer {
  readonly resources: ResourceSet;
  readonly leftOutResources: readonly LeftOutNote[];
  readonly #versions = new Map<string, string>();
  #leftOut: readonly LeftOutNote[] | undefined;

  constructor(resources: ResourceSet, leftOutResources: readonly LeftOutNote[] = []) {
    this.resources = resources;
    this.leftOutResources = leftOutResources;
  }

  /** Everything that was left out, of resources and as a whole; put together when first asked for. */
  get leftOut(): readonly LeftOutNote[] {
    this.#leftOut ??= [
      ...this.leftOutResources,
      ...[...this.resources.values()].flatMap((ofType) =>
        [...ofType.values()].flatMap(({ typeUrl, name, leftOut }) =>
          leftOut.map((part) => ({ typeUrl, name, ...part })),
        ),
      ),
    ];
    return this.#leftOut;
  }

  /** Hash over names and versions of a type; computed when first asked for. */
  version(typeUrl: string): string {
    let version = this.#versions.get(typeUrl);
    if (version === undefined) {
      version = versionOfSet(this.resources.get(typeUrl)?.values() ?? []);
      this.#versions.set(typeUrl, version);
    }
    return version;
  }
}

/** Independent of the order; a type without resources has a version too. */
export function versionOfSet(resources: Iterable<SnapshotResource>): string {
  const parts = Array.from(resources, ({ name, version }) => `${name}\n${version}`);
  return contentHash(...parts.sort());
}

/**
 * Everything that one node may ask for: layers that never hold the same name. Immutable; equal content has
 * equal versions, on every control plane.
 */
export class Snapshot {
  readonly layers: readonly SnapshotLayer[];

  constructor(layers: readonly SnapshotLayer[]) {
    this.layers = layers;
  }

  get leftOut(): readonly LeftOutNote[] {
    return this.layers.flatMap((layer) => layer.leftOut);
  }

  get(typeUrl: string, name: string): SnapshotResource | undefined {
    for (const layer of this.layers) {
      const resource = layer.resources.get(typeUrl)?.get(name);
      if (resource !== undefined) return resource;
    }
    return undefined;
  }

  *names(typeUrl: string): Iterable<string> {
    for (const layer of this.layers) yield* layer.resources.get(typeUrl)?.keys() ?? [];
  }

  version(typeUrl: string): string {
    return this.layers.map((layer) => layer.version(typeUrl)).join('.');
  }
}

const nothing: ReadonlyMap<string, SnapshotResource> = new Map();

/** What differs; types without a difference are missing. */
export function diffLayers(previous: SnapshotLayer | undefined, next: SnapshotLayer): SnapshotChange {
  const change = new Map<string, readonly string[]>();
  const typeUrls = new Set([...(previous?.resources.keys() ?? []), ...next.resources.keys()]);
  for (const typeUrl of typeUrls) {
    const before = previous?.resources.get(typeUrl) ?? nothing;
    const after = next.resources.get(typeUrl) ?? nothing;
    if (before === after) continue;
    const names: string[] = [];
    for (const [name, { version }] of after) if (before.get(name)?.version !== version) names.push(name);
    for (const name of before.keys()) if (!after.has(name)) names.push(name);
    if (names.length > 0) change.set(typeUrl, names);
  }
  return change;
}

/** Both changes in one. */
export function joinChanges(changes: readonly SnapshotChange[]): SnapshotChange {
  const [first, ...others] = changes.filter((change) => change.size > 0);
  if (first === undefined || others.length === 0) return first ?? new Map<string, readonly string[]>();
  const joined = new Map(first);
  for (const change of others) {
    for (const [typeUrl, names] of change) joined.set(typeUrl, [...(joined.get(typeUrl) ?? []), ...names]);
  }
  return joined;
}
