import { Type, type TObject } from '@sinclair/typebox';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { StoredObject } from '../registry/registry.ts';

const revisionProperty = Type.Integer({
  description: 'Revision that last changed the object; its ETag.',
  minimum: 1,
});

/** A mesh object as the API answers with it. */
export type StoredDocument = MeshObject & { readonly revision: number };

export function toStoredDocument({ value, modifyRevision }: StoredObject): StoredDocument {
  return { ...value, revision: modifyRevision };
}

export function storedDocumentSchema(schema: TObject): TObject {
  return Type.Object({ ...schema.properties, revision: revisionProperty }, { title: schema.title ?? '' });
}

export function storedListSchema(schema: TObject): TObject {
  return Type.Object({ items: Type.Array(storedDocumentSchema(schema)), revision: Type.Integer() });
}
