import type { Problem } from '@heddle/shared/errors/problem';
import { InstanceIdSchema, nameSchema } from '@heddle/shared/model/field-formats';
import { closedObject, withCheck } from '@heddle/shared/model/schema';
import { Type, type Static } from '@sinclair/typebox';

const ShiftSchema = closedObject(
  {
    route: nameSchema('Name of an HTTPRoute; its first rule is changed.'),
    weights: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: 1_000_000 }), {
      description: 'Weight for each version that the rule names.',
    }),
  },
  { description: 'Moves the weights of a route by REST.' },
);

const AddSchema = closedObject({
  service: nameSchema('Service of the mesh file.'),
  id: InstanceIdSchema,
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
});

export const StepSchema = withCheck(
  closedObject({
    shift: Type.Optional(ShiftSchema),
    kill: Type.Optional(InstanceIdSchema),
    add: Type.Optional(AddSchema),
    restart: Type.Optional(Type.Literal('control-plane')),
  }),
  (step) =>
    Object.keys(step).length === 1 ? undefined : 'expected exactly one of shift, kill, add and restart',
);

/** What `heddle demo` reads: a mesh, the load on it, and what happens to it meanwhile. */
export const DemoFileSchema = closedObject(
  {
    mesh: Type.String({ description: 'Mesh file, relative to this file.', minLength: 1 }),
    load: closedObject({
      requestsPerSecond: Type.Integer({ minimum: 1, maximum: 100_000 }),
      versionHeader: Type.String({
        description: 'Response header that names the version that answered.',
        minLength: 1,
      }),
      targets: Type.Array(
        closedObject({
          via: InstanceIdSchema,
          host: nameSchema('Service that is called.'),
          path: Type.Optional(Type.String({ default: '/' })),
          connections: Type.Integer({ minimum: 1, maximum: 1000 }),
        }),
        { description: 'Keep-alive connections to the outbound port of a sidecar.', minItems: 1 },
      ),
    }),
    holdMs: Type.Integer({ description: 'Pause after each step.', minimum: 0, maximum: 600_000 }),
    steps: Type.Array(StepSchema, { minItems: 1 }),
  },
  { title: 'Demo file' },
);

export type DemoFile = Static<typeof DemoFileSchema>;
export type DemoStep = Static<typeof StepSchema>;
export type ShiftStep = Static<typeof ShiftSchema>;

/** References to instances of the mesh that do not exist. `ids` and `services` are the mesh file's. */
export function checkDemoFile(
  demo: DemoFile,
  ids: ReadonlySet<string>,
  services: ReadonlySet<string>,
): Problem[] {
  const problems: Problem[] = [];
  const known = new Set(ids);
  demo.load.targets.forEach(({ via }, index) => {
    if (!ids.has(via)) problems.push({ path: `/load/targets/${index}/via`, message: `no instance "${via}"` });
  });
  demo.steps.forEach((step, index) => {
    if (step.kill !== undefined && !known.has(step.kill)) {
      problems.push({ path: `/steps/${index}/kill`, message: `no instance "${step.kill}"` });
    }
    if (step.add === undefined) return;
    if (!services.has(step.add.service)) {
      problems.push({ path: `/steps/${index}/add/service`, message: `no service "${step.add.service}"` });
    }
    if (known.has(step.add.id)) {
      problems.push({ path: `/steps/${index}/add/id`, message: `a second "${step.add.id}"` });
    }
    known.add(step.add.id);
  });
  return problems;
}
