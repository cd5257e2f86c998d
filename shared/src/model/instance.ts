import { Type, type Static } from '@sinclair/typebox';
import { InstanceIdSchema, IpAddressSchema, nameSchema, PortSchema } from './field-formats.ts';
import { closedObject, oneOf } from './schema.ts';

/** Weight of an instance that names none. */
export const defaultInstanceWeight = 1;

export const LocalitySchema = closedObject(
  {
    region: Type.Optional(Type.String({ maxLength: 128 })),
    zone: Type.Optional(Type.String({ maxLength: 128 })),
    subZone: Type.Optional(Type.String({ maxLength: 128 })),
  },
  { description: 'Where the instance runs.' },
);

export const InstanceSpecSchema = closedObject(
  {
    address: IpAddressSchema,
    port: PortSchema,
    weight: Type.Optional(
      Type.Integer({
        description: 'Share of the load, relative to the other instances.',
        minimum: 1,
        maximum: 10_000,
        default: defaultInstanceWeight,
      }),
    ),
    version: Type.Optional(
      Type.String({
        description: 'Subset that backendRefs of a route can name.',
        minLength: 1,
        maxLength: 63,
      }),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 1024 }), {
        description: 'Free labels.',
        maxProperties: 64,
      }),
    ),
    locality: Type.Optional(LocalitySchema),
    health: Type.Optional(
      oneOf(
        ['unknown', 'healthy', 'unhealthy', 'draining', 'degraded', 'timeout'],
        'What discovery knows about its health; "unknown" counts as healthy until an active check says otherwise.',
        'unknown',
      ),
    ),
    lease: Type.Optional(
      closedObject(
        {
          ttlSeconds: Type.Integer({
            description: 'Without a renewal for so long the instance is removed. Seconds.',
            minimum: 1,
            maximum: 86_400,
          }),
        },
        { description: 'Without a lease the instance stays until it is deleted.' },
      ),
    ),
  },
  { description: 'One process that serves a service.' },
);

export const InstanceSchema = closedObject(
  {
    kind: Type.Literal('Instance'),
    metadata: closedObject({
      name: InstanceIdSchema,
      service: nameSchema('The service that the instance belongs to.'),
    }),
    spec: InstanceSpecSchema,
  },
  { title: 'Instance', description: 'An endpoint of a service.' },
);

export type InstanceSpec = Static<typeof InstanceSpecSchema>;
export type Instance = Static<typeof InstanceSchema>;
export type InstanceHealth = NonNullable<InstanceSpec['health']>;
export type Locality = Static<typeof LocalitySchema>;
