import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf } from '@heddle/shared/model/object-key';
import { canonicalJson } from '@heddle/shared/model/parse-object';
import {
  checkReferences,
  type MeshChange,
  type MeshView,
  type ReferenceProblem,
} from '@heddle/shared/model/references';
import type { ReadCondition, Registry, WriteResult } from './registry.ts';

/** A change that somebody asks for. `expectedRevision`: the object's modifyRevision; 0: it must not exist. */
export type RequestedChange = MeshChange & { readonly expectedRevision?: number };

export type ApplyResult =
  | { readonly kind: 'applied'; readonly revision: number; readonly results: readonly WriteResult[] }
  | { readonly kind: 'refused'; readonly problems: readonly ReferenceProblem[] }
  | { readonly kind: 'mismatch'; readonly key: string; readonly actualRevision: number };

/** Each round is lost only to a write of somebody else that came between; so many in a row mean something is wrong. */
const maxRounds = 50;

/**
 * Makes all changes in one transaction, or none. The references are checked against the registry as it is at
 * the very moment of the write: what the check has read is a condition of the transaction, and the check is
 * repeated when it no longer holds. `isDryRun` stops before the write and says what it would have done.
 * Throws `registry-unavailable`.
 */
export async function applyChanges(
  registry: Registry,
  changes: readonly RequestedChange[],
  options: { readonly isDryRun?: boolean } = {},
): Promise<ApplyResult> {
  for (let round = 0; round < maxRounds; round++) {
    const { view, conditions } = recordReads(registry);
    const problems = checkReferences(changes, view);
    // The reader of a mismatch must read again anyway; what refers to what then may look different.
    const mismatch = findMismatch(registry, changes);
    if (mismatch !== undefined) return mismatch;
    if (problems.length > 0) return { kind: 'refused', problems };
    if (options.isDryRun === true) return predict(registry, changes);
    const result = await registry.transact({
      writes: changes.map(({ expectedRevision, ...change }) => ({
        ...(change.kind === 'put'
          ? { kind: 'put', value: change.object }
          : { kind: 'delete', key: change.key }),
        ...(expectedRevision === undefined ? {} : { expectedRevision }),
      })),
      conditions: conditions(),
    });
    if (result.kind === 'committed')
      return { kind: 'applied', revision: result.revision, results: result.results };
    if (result.kind === 'mismatch') return result;
  }
  throw new HeddleError('registry-unavailable', 'other writers were faster every time; nothing was written');
}

function keyOfChange(change: MeshChange): string {
  return change.kind === 'put' ? keyOf(change.object) : change.key;
}

function recordReads(registry: Registry): {
  readonly view: MeshView;
  readonly conditions: () => ReadCondition[];
} {
  const status = registry.status();
  const unchangedSince = 'revision' in status ? status.revision : 0;
  const keys = new Map<string, number>();
  const collections = new Set<string>();
  return {
    view: {
      get(key) {
        const object = registry.get(key);
        keys.set(key, object?.modifyRevision ?? 0);
        return object?.value;
      },
      list(collection) {
        collections.add(collection);
        return registry.list(collection).map((object) => object.value);
      },
    },
    conditions: () => [
      ...[...keys].map(([key, revision]): ReadCondition => ({ kind: 'key', key, revision })),
      ...[...collections].map((collection): ReadCondition => ({
        kind: 'collection',
        collection,
        unchangedSince,
      })),
    ],
  };
}

function findMismatch(registry: Registry, changes: readonly RequestedChange[]): ApplyResult | undefined {
  for (const change of changes) {
    const key = keyOfChange(change);
    const actualRevision = registry.get(key)?.modifyRevision ?? 0;
    if (change.expectedRevision !== undefined && change.expectedRevision !== actualRevision) {
      return { kind: 'mismatch', key, actualRevision };
    }
  }
  return undefined;
}

function predict(registry: Registry, changes: readonly RequestedChange[]): ApplyResult {
  const status = registry.status();
  const results = changes.map((change): WriteResult => {
    const key = keyOfChange(change);
    const present = registry.get(key);
    const revision = present?.modifyRevision ?? 0;
    if (change.kind === 'delete')
      return { key, outcome: present === undefined ? 'absent' : 'deleted', revision };
    if (present === undefined) return { key, outcome: 'created', revision };
    return { key, outcome: isEqual(present.value, change.object) ? 'unchanged' : 'changed', revision };
  });
  return { kind: 'applied', revision: 'revision' in status ? status.revision : 0, results };
}

function isEqual(left: MeshObject, right: MeshObject): boolean {
  return canonicalJson(left) === canonicalJson(right);
}
