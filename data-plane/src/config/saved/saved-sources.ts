import type { SavedResource, SavedType } from './saved-resources.ts';

/** `[name, version, bytes]` of a resource. */
type IndexedResource = readonly [name: string, version: string, byteCount: number];

interface IndexedType {
  readonly typeUrl: string;
  readonly version: string;
  readonly resources: readonly IndexedResource[];
}

const lengthBytes = 4;

/** The length of an index, the index as JSON, and then the bytes of all resources in its order. */
export function writeSavedSources(sources: ReadonlyMap<string, readonly SavedType[]>): Buffer {
  const index: [string, IndexedType[]][] = [];
  const bodies: Uint8Array[] = [];
  for (const [key, types] of sources) {
    const indexed = types.map(({ typeUrl, version, resources }) => ({
      typeUrl,
      version,
      resources: resources.map((resource): IndexedResource => {
        bodies.push(resource.bytes);
        return [resource.name, resource.version, resource.bytes.length];
      }),
    }));
    index.push([key, indexed]);
  }
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...bodies]);
}

/** Undefined for anything else. Resources are views of `bytes`. */
export function readSavedSources(bytes: Buffer): ReadonlyMap<string, readonly SavedType[]> | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const indexEnd = lengthBytes + bytes.readUInt32BE();
  let index: unknown;
  try {
    index = JSON.parse(bytes.toString('utf8', lengthBytes, indexEnd));
  } catch {
    return undefined;
  }
  if (!isIndex(index)) return undefined;
  let at = indexEnd;
  const take = ([name, version, byteCount]: IndexedResource): SavedResource => {
    at += byteCount;
    return { name, version, bytes: bytes.subarray(at - byteCount, at) };
  };
  const sources = new Map(
    index.map(([key, types]) => [
      key,
      types.map(({ typeUrl, version, resources }) => ({ typeUrl, version, resources: resources.map(take) })),
    ]),
  );
  return at === bytes.length ? sources : undefined;
}

function isIndex(index: unknown): index is [string, IndexedType[]][] {
  return isListOf(index, (source) => isPair(source) && isListOf(source[1], isIndexedType));
}

function isPair(value: unknown): value is [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}

function isIndexedType(value: unknown): value is IndexedType {
  const type = value as Partial<IndexedType> | null;
  return (
    typeof type?.typeUrl === 'string' &&
    typeof type.version === 'string' &&
    isListOf(type.resources, isIndexedResource)
  );
}

function isIndexedResource(value: unknown): value is IndexedResource {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [name, version, byteCount] = value as unknown[];
  return (
    typeof name === 'string' &&
    typeof version === 'string' &&
    Number.isSafeInteger(byteCount) &&
    (byteCount as number) >= 0
  );
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[];
function isListOf(value: unknown, isItem: (item: unknown) => boolean): value is unknown[];
function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isItem(item));
}
