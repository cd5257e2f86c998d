import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf } from '@heddle/shared/model/object-key';
import type { ObjectTable } from './object-table.ts';
import type {
  Change,
  ReadCondition,
  StoredObject,
  Transaction,
  TransactionResult,
  Write,
  WriteResult,
} from './registry.ts';

/** What a transaction would do to the table. */
export type TransactionPlan =
  | {
      readonly kind: 'planned';
      /** Next revision, or the present one when `changes` is empty. */
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly results: readonly WriteResult[];
    }
  | Exclude<TransactionResult, { readonly kind: 'committed' }>;

export function keyOfWrite(write: Write): string {
  return write.kind === 'put' ? keyOf(write.value) : write.key;
}

/** Two writes of one key have no order to speak of; such a transaction is a mistake of the caller. */
export function assertDistinctKeys(writes: readonly Write[]): void {
  if (new Set(writes.map(keyOfWrite)).size < writes.length) {
    throw new HeddleError('internal', 'a transaction writes one key twice');
  }
}

/** Pure; the Lua script of the Redis store does the same on the server. */
export function planTransaction(
  { writes, conditions = [] }: Transaction,
  table: ObjectTable,
  isEqual: (object: StoredObject, value: MeshObject) => boolean,
): TransactionPlan {
  assertDistinctKeys(writes);
  for (const write of writes) {
    const key = keyOfWrite(write);
    const actualRevision = table.get(key)?.modifyRevision ?? 0;
    if (write.expectedRevision !== undefined && write.expectedRevision !== actualRevision) {
      return { kind: 'mismatch', key, actualRevision };
    }
  }
  if (!conditions.every((condition) => holds(condition, table))) return { kind: 'stale' };

  const revision = table.revision + 1;
  const changes: Change[] = [];
  const results = writes.map((write): WriteResult => {
    const key = keyOfWrite(write);
    const current = table.get(key);
    if (write.kind === 'delete') {
      if (current === undefined) return { key, outcome: 'absent', revision: 0 };
      changes.push({ kind: 'delete', key, reason: 'deleted' });
      return { key, outcome: 'deleted', revision: 0 };
    }
    if (current !== undefined && isEqual(current, write.value)) {
      return { key, outcome: 'unchanged', revision: current.modifyRevision };
    }
    const createRevision = current?.createRevision ?? revision;
    const object: StoredObject = { key, value: write.value, createRevision, modifyRevision: revision };
    changes.push({ kind: 'put', key, object });
    return { key, outcome: current === undefined ? 'created' : 'changed', revision };
  });
  return { kind: 'planned', revision: changes.length > 0 ? revision : table.revision, changes, results };
}

function holds(condition: ReadCondition, table: ObjectTable): boolean {
  switch (condition.kind) {
    case 'key':
      return (table.get(condition.key)?.modifyRevision ?? 0) === condition.revision;
    case 'collection':
      return table.collectionChangedAt(condition.collection) <= condition.unchangedSince;
  }
}
