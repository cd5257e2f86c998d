import type { Problem } from '@heddle/shared/errors/problem';

/** How one xDS type is read: a row of the table in resource-types.ts. Adding a type is adding a row. */
export interface ResourceType<T> {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
  readonly typeUrl: string;
  /** State of the world: a response is the complete set, absence deletes (LDS, CDS). */
  readonly isFullSet: boolean;
  /** Name by which it is subscribed. */
  nameOf(value: T): string;
  /**
   * Wire bytes → frozen value. Checks the proto's own rules, then ours: what Heddle does not implement is refused
   * with the field's path, or stands in the list of ignored fields.
   */
  decode(bytes: Uint8Array): DecodedResource<T>;
}

export type DecodedResource<T> =
  | { readonly kind: 'ok'; readonly name: string; readonly value: T; readonly ignored: readonly Problem[] }
  | { readonly kind: 'refused'; readonly name: string; readonly problems: readonly Problem[] };
