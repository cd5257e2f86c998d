import type { ResourceTypeName } from './translated.ts';

/** What a resource would say for an Envoy, and does not say for the client that gets it. */
export interface LeftOut {
  /** In the words of the mesh, as `HTTPRoute "cart" rules[0].filters`. */
  readonly part: string;
  readonly reason: string;
}

/** A resource that a client may expect and that there is none of. */
export interface LeftOutResource {
  readonly typeName: ResourceTypeName;
  readonly name: string;
  readonly reason: string;
}
