import type { SnapshotLayer } from './snapshot.ts';

/**
 * Every reference between resources of a layer that leads nowhere: a cluster without its endpoints, a listener
 * without its route table, a route to a cluster that is missing. An empty list means that the layer can serve.
 */
export function findDanglingReferences(layer: SnapshotLayer): string[] {
  const dangling: string[] = [];
  for (const resources of layer.resources.values()) {
    for (const { typeUrl, name, references } of resources.values()) {
      for (const reference of references) {
        if (layer.resources.get(reference.typeUrl)?.has(reference.name) === true) continue;
        dangling.push(
          `${shortType(typeUrl)} "${name}" needs ${shortType(reference.typeUrl)} "${reference.name}", which is missing`,
        );
      }
    }
  }
  return dangling;
}

function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
