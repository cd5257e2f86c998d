import { HttpRouteSchema, type HttpRoute } from './http-route.ts';
import { InstanceSchema, type Instance } from './instance.ts';
import { PolicySchema, type Policy } from './policy.ts';
import { SecretSchema, type Secret } from './secret.ts';
import { ServiceSchema, type Service } from './service.ts';

/** What people write, the registry stores, and the control plane translates. Discriminated by `kind`. */
export type MeshObject = Service | Instance | HttpRoute | Policy | Secret;
export type MeshObjectKind = MeshObject['kind'];

/** The schema of each kind; the one source of types, validation and the OpenAPI document. */
export const meshObjectSchemas = {
  Service: ServiceSchema,
  Instance: InstanceSchema,
  HTTPRoute: HttpRouteSchema,
  Policy: PolicySchema,
  Secret: SecretSchema,
} as const;

export const meshObjectKinds = Object.keys(meshObjectSchemas) as readonly MeshObjectKind[];

export function isMeshObjectKind(text: unknown): text is MeshObjectKind {
  return typeof text === 'string' && (meshObjectKinds as readonly string[]).includes(text);
}
