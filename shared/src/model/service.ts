import { Type, type Static } from '@sinclair/typebox';
import { nameSchema, PortSchema } from './field-formats.ts';
import { closedObject, oneOf } from './schema.ts';

export const ServiceSpecSchema = closedObject(
  {
    protocol: Type.Optional(
      oneOf(
        ['http', 'http2', 'grpc', 'tcp'],
        'What the instances speak: HTTP/1.1, HTTP/2, gRPC, or bytes.',
        'http',
      ),
    ),
    port: Type.Optional(
      Type.Integer({
        ...PortSchema,
        description:
          'Sidecars also offer the service outbound on this port of its own; no other service may use it.',
      }),
    ),
    tls: Type.Optional(
      closedObject(
        {
          certificate: nameSchema('The secret with the certificate of the service, which names it (DNS).'),
          trustBundle: nameSchema('The secret with the authorities of the service and of its clients.'),
        },
        { description: 'Proxies reach the instances by mutual TLS; absent: in the clear.' },
      ),
    ),
  },
  { description: 'A name that clients call, and how its instances speak.' },
);

export const ServiceSchema = closedObject(
  {
    kind: Type.Literal('Service'),
    metadata: closedObject({
      name: nameSchema('Name of the service; also a host name that clients may use.'),
    }),
    spec: Type.Optional(ServiceSpecSchema),
  },
  {
    title: 'Service',
    description: 'A service: instances register under its name, routes and policies point at it.',
  },
);

export type ServiceSpec = Static<typeof ServiceSpecSchema>;
export type Service = Static<typeof ServiceSchema>;
export type ServiceProtocol = NonNullable<ServiceSpec['protocol']>;
