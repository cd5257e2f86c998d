import { Type, type Static } from '@sinclair/typebox';
import { nameSchema } from '@heddle/shared/model/field-formats';
import { closedObject } from '@heddle/shared/model/schema';
import type { Node } from '@heddle/shared/xds/api';
import { parseMetadata, UpstreamsSchema } from './node-scope.ts';

/** What a gRPC client may say under `heddle` in its node metadata: it has no ports, and no application beside it. */
export const GrpcMetadataSchema = closedObject({
  upstreams: UpstreamsSchema,
  certificateProvider: Type.Optional(
    Type.String({ description: 'Of its bootstrap: where its TLS comes from.', minLength: 1, maxLength: 256 }),
  ),
  service: Type.Optional(nameSchema('The service that calls; only shown.')),
});

/** Which services a gRPC client calls. Equal scopes share their resources. */
export interface GrpcScope {
  /** Sorted and without doubles; undefined is every service. */
  readonly upstreams: readonly string[] | undefined;
  readonly certificateProvider: string;
}

export const defaultCertificateProvider = 'default';

/** Every gRPC implementation says this, and no proxy does. */
const grpcFeature = 'envoy.lb.does_not_support_overprovisioning';

export function isGrpcClient({ clientFeatures }: Partial<Pick<Node, 'clientFeatures'>>): boolean {
  return clientFeatures?.includes(grpcFeature) === true;
}

/** @throws InvalidInputError with every problem of `node.metadata.heddle` */
export function parseGrpcScope(node: Pick<Node, 'metadata'>): GrpcScope {
  const metadata = parseMetadata(GrpcMetadataSchema, node) as Static<typeof GrpcMetadataSchema>;
  return {
    upstreams: metadata.upstreams === undefined ? undefined : [...new Set(metadata.upstreams)].sort(),
    certificateProvider: metadata.certificateProvider ?? defaultCertificateProvider,
  };
}
