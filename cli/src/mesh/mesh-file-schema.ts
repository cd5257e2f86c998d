import { InstanceIdSchema, nameSchema, PortSchema } from '@heddle/shared/model/field-formats';
import { closedObject } from '@heddle/shared/model/schema';
import { Type, type Static } from '@sinclair/typebox';

const text = (description: string) => Type.String({ description, minLength: 1, maxLength: 4096 });
const environment = Type.Optional(
  Type.Record(Type.String(), Type.String(), { description: 'Environment variables, added to our own.' }),
);

export const SidecarPortsSchema = closedObject(
  {
    outboundPort: Type.Optional(PortSchema),
    inboundPort: Type.Optional(PortSchema),
    adminPort: Type.Optional(PortSchema),
  },
  {
    description: 'Ports of the sidecar; without them by position: 15001, 15006, 9901, plus 10 per instance.',
  },
);

export const MeshInstanceSchema = closedObject(
  {
    id: InstanceIdSchema,
    port: Type.Optional({
      ...PortSchema,
      description: 'Port of the program; without it 8701 plus the position of the instance.',
    }),
    version: Type.Optional(
      Type.String({ description: 'Subset that routes can name.', minLength: 1, maxLength: 63 }),
    ),
    environment,
    sidecar: Type.Optional(SidecarPortsSchema),
  },
  { description: 'One process of a service, with a sidecar beside it.' },
);

export const MeshServiceSchema = closedObject({
  command: Type.Array(text('A word of the command.'), {
    description:
      'Program and arguments; "node" is the Node that runs heddle. PORT, OUTBOUND and VERSION are set.',
    minItems: 1,
  }),
  upstreams: Type.Optional(
    Type.Array(nameSchema('Name of a service.'), {
      description: 'Services that it calls; its sidecars learn of these. Without the field, of all.',
    }),
  ),
  environment,
  instances: Type.Array(MeshInstanceSchema, { minItems: 1 }),
});

export const MeshCheckSchema = closedObject(
  {
    via: InstanceIdSchema,
    host: nameSchema('Service that is called.'),
    path: Type.Optional(Type.String({ default: '/' })),
  },
  { description: 'A request through the outbound port of a sidecar, which must answer 200.' },
);

/** What `heddle up` reads: one YAML document that describes a mesh of processes on this machine. */
export const MeshFileSchema = closedObject(
  {
    controlPlane: Type.Optional(
      closedObject({
        restPort: Type.Optional({ ...PortSchema, default: 8600 }),
        xdsPort: Type.Optional({ ...PortSchema, default: 18000 }),
      }),
    ),
    sidecars: Type.Optional(
      closedObject({
        concurrency: Type.Optional(
          Type.Integer({
            description: 'Worker threads of each sidecar.',
            minimum: 1,
            maximum: 64,
            default: 1,
          }),
        ),
      }),
    ),
    objects: Type.Optional(
      Type.Array(text('Path relative to this file.'), {
        description: 'Files with mesh objects, applied before the services start.',
      }),
    ),
    services: Type.Record(Type.String(), MeshServiceSchema, {
      description: 'What runs, by name of the service.',
    }),
    checks: Type.Optional(
      Type.Array(MeshCheckSchema, { description: 'The mesh is ready when all of them answer 200.' }),
    ),
    try: Type.Optional(
      Type.Array(closedObject({ text: text('What the command does.'), command: text('A shell command.') }), {
        description:
          'Printed when the mesh is ready. {heddle} is the command, {folder} the folder of this file, {rest} the address of the REST API, {<instance>.outbound}, {<instance>.inbound}, {<instance>.admin} a port.',
      }),
    ),
  },
  { title: 'Mesh file' },
);

export type MeshFile = Static<typeof MeshFileSchema>;
export type MeshService = Static<typeof MeshServiceSchema>;
export type MeshInstance = Static<typeof MeshInstanceSchema>;
export type MeshCheck = Static<typeof MeshCheckSchema>;
