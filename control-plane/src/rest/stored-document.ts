import { Type, type TObject } from '@sinclair/typebox';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { withoutPrivateKey } from '@heddle/shared/model/secret';
import type { StoredObject } from '../registry/registry.ts';

const revisionProperty = Type.Integer({
  description: 'Revision that last changed the object; its ETag.',
  minimum: 1,
});

/** A mesh object as the API answers with it. */
export type StoredDocument = MeshObject & { readonly revision: number };

export function toStoredDocument({ value, modifyRevision }: StoredObject): StoredDocument {
  return { ...toShown(value), revision: modifyRevision };
}

/** What may leave the control plane by its REST interface: keys may not. */
export function toShown(object: MeshObject): MeshObject {
  return object.kind === 'Secret' ? withoutPrivateKey(object) : object;
}

export function storedDocumentSchema(schema: TObject): TObject {
  return Type.Object({ ...schema.properties, revision: revisionProperty }, { title: schema.title ?? '' });
}

export function storedListSchema(schema: TObject): TObject {
  return Type.Object({ items: Type.Array(storedDocumentSchema(schema)), revision: Type.Integer() });
}
