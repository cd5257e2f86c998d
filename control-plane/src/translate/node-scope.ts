import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { isIP } from 'node:net';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import {
  InstanceIdSchema,
  IpAddressSchema,
  nameSchema,
  PortSchema,
} from '@heddle/shared/model/field-formats';
import { closedObject } from '@heddle/shared/model/schema';
import { validate } from '@heddle/shared/model/validate';
import type { Node } from '@heddle/shared/xds/api';

export const UpstreamsSchema = Type.Optional(
  Type.Array(nameSchema('A service that the application calls.'), { maxItems: 10_000 }),
);

/**
 * What a proxy says about itself under `heddle` in its node metadata. All of it is optional; a proxy that says
 * nothing gets an outbound listener and every service.
 */
export const NodeMetadataSchema = closedObject({
  service: Type.Optional(
    nameSchema('The service whose instance runs beside the proxy; asks for an inbound listener.'),
  ),
  instance: Type.Optional(InstanceIdSchema),
  upstreams: UpstreamsSchema,
  listenAddress: Type.Optional(IpAddressSchema),
  outboundPort: Type.Optional(PortSchema),
  servicePorts: Type.Optional(
    Type.Boolean({ description: 'Whether services are offered on ports of their own.' }),
  ),
  inboundAddress: Type.Optional(IpAddressSchema),
  inboundPort: Type.Optional(PortSchema),
  appAddress: Type.Optional(IpAddressSchema),
  appPort: Type.Optional(PortSchema),
  configSource: Type.Optional(
    closedObject(
      {
        cluster: Type.String({
          description: 'Of its bootstrap: what leads to the control plane.',
          minLength: 1,
        }),
        apiType: Type.Optional(
          Type.Union([Type.Literal('GRPC'), Type.Literal('DELTA_GRPC'), Type.Literal('REST')]),
        ),
        refreshMs: Type.Optional(
          Type.Integer({ description: 'How often it asks by REST.', minimum: 1, maximum: 3_600_000 }),
        ),
      },
      { description: 'Where clusters and listeners send the proxy for the rest, if it has no ADS stream.' },
    ),
  ),
});

export type NodeMetadata = Static<typeof NodeMetadataSchema>;

/** Where a proxy without an ADS stream fetches endpoints and routes. */
export interface SeparateSource {
  readonly cluster: string;
  readonly apiType: 'GRPC' | 'DELTA_GRPC' | 'REST';
  /** How often a client of `REST` asks. */
  readonly refreshMs: number;
}

/** Which services a proxy calls, and where its applications reach them. Equal scopes share their resources. */
export interface OutboundScope {
  /** Sorted and without doubles; undefined is every service. */
  readonly upstreams: readonly string[] | undefined;
  readonly address: string;
  readonly port: number;
  readonly hasServicePorts: boolean;
  /** undefined: its ADS stream. */
  readonly source: SeparateSource | undefined;
}

/** The application beside a proxy. */
export interface InboundScope {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly appAddress: string;
  /** undefined: the port of the instance with this id. */
  readonly appPort: number | undefined;
  readonly instance: string;
  /** undefined: its ADS stream. */
  readonly source: SeparateSource | undefined;
}

export interface NodeScope {
  readonly outbound: OutboundScope;
  readonly inbound: InboundScope | undefined;
}

export const defaultOutboundAddress = '127.0.0.1';
export const defaultOutboundPort = 15_001;
export const defaultInboundAddress = '0.0.0.0';
export const defaultInboundPort = 15_006;
export const defaultRefreshMs = 5_000;
export const defaultAppAddress = '127.0.0.1';

/** @throws InvalidInputError with every problem of `node.metadata.heddle` */
export function parseNodeScope(node: Pick<Node, 'id' | 'metadata'>): NodeScope {
  return toScope(node.id, parseMetadata(NodeMetadataSchema, node) as NodeMetadata);
}

/** @throws InvalidInputError with every problem of `node.metadata.heddle` */
export function parseMetadata(schema: TSchema, node: Pick<Node, 'metadata'>): unknown {
  const metadata: unknown = node.metadata?.['heddle'] ?? {};
  const problems = validate(schema, metadata).map(({ path, message }) => ({
    path: `node.metadata.heddle${path.replaceAll('/', '.')}`,
    message,
  }));
  if (problems.length > 0) throw new InvalidInputError(problems);
  return metadata;
}

function toScope(nodeId: string, metadata: NodeMetadata): NodeScope {
  const upstreams = metadata.upstreams === undefined ? undefined : [...new Set(metadata.upstreams)].sort();
  const { configSource } = metadata;
  const source =
    configSource === undefined
      ? undefined
      : {
          cluster: configSource.cluster,
          apiType: configSource.apiType ?? 'GRPC',
          refreshMs: configSource.refreshMs ?? defaultRefreshMs,
        };
  return {
    outbound: {
      source,
      upstreams,
      address: metadata.listenAddress ?? defaultOutboundAddress,
      port: metadata.outboundPort ?? defaultOutboundPort,
      hasServicePorts: metadata.servicePorts ?? true,
    },
    inbound:
      metadata.service === undefined
        ? undefined
        : {
            source,
            service: metadata.service,
            address: metadata.inboundAddress ?? defaultInboundAddress,
            port: metadata.inboundPort ?? defaultInboundPort,
            appAddress: metadata.appAddress ?? defaultAppAddress,
            appPort: metadata.appPort,
            instance: metadata.instance ?? nodeId,
          },
  };
}

/** Whether connecting to the application would come back to the inbound listener. */
export function wouldLoop(scope: InboundScope, appPort: number): boolean {
  return appPort === scope.port && (isWildcard(scope.address) || scope.address === scope.appAddress);
}

function isWildcard(address: string): boolean {
  return isIP(address) === 4 ? address === '0.0.0.0' : /^[0:]+$/.test(address);
}
