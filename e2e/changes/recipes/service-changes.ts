import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf, serviceKey } from '@heddle/shared/model/object-key';
import type { Service } from '@heddle/shared/model/service';
import { instance, policy, quickHealthCheck, route, service } from '../../harness/objects.ts';
import { instancesOf, serviceOf, servicesOf, type MeshModel, type Step } from '../mesh-model.ts';
import type { Surroundings } from '../surroundings.ts';
import { freeBackendPorts } from './instance-changes.ts';
import type { Recipe } from './recipe.ts';

/** Own ports that nobody has, the one of the first kept service excepted. */
function freeOwnPorts(model: MeshModel, { ownPorts }: Surroundings): number[] {
  const taken = new Set(servicesOf(model).map(({ spec }) => spec?.port));
  return ownPorts.slice(1).filter((port) => !taken.has(port));
}

/** Extra services, and the kept ones but the first, whose own port has load. */
function mayChangePort(model: MeshModel, { keptServices, extraServices }: Surroundings): string[] {
  return [...keptServices.slice(1), ...extraServices].filter((name) => model.has(serviceKey(name)));
}

function withPort(current: Service, port: number | undefined): Service {
  const { port: _port, ...spec } = current.spec ?? {};
  return { ...current, spec: port === undefined ? spec : { ...spec, port } };
}

/** Everything that hangs on a service, so that it can go: routes and policies before instances. */
function stepsToRemove(model: MeshModel, name: string): Step[] {
  const named = [...model.values()].filter(
    (object) =>
      (object.kind === 'HTTPRoute' && object.metadata.name === name) ||
      (object.kind === 'Policy' && object.spec.targetRef.name === name),
  );
  const keys = [...named, ...instancesOf(model, name)].map(keyOf);
  return [...keys, serviceKey(name)].map((key) => ({ kind: 'delete', key }));
}

export const serviceRecipes: readonly Recipe[] = [
  {
    kind: 'service-added',
    draw(model, surroundings, dice) {
      const name = dice.pick(
        surroundings.extraServices.filter((extra) => serviceOf(model, extra) === undefined),
      );
      if (name === undefined) return undefined;
      const ownPort = dice.chance(0.5) ? dice.pick(freeOwnPorts(model, surroundings)) : undefined;
      const ports = freeBackendPorts(model, surroundings).slice(0, dice.integer(3));
      const objects: MeshObject[] = [
        withPort(service(name), ownPort),
        ...ports.map((port, index) => instance(name, `${name}-${index}`, port, { version: 'v1' })),
        ...(dice.chance(0.5) ? [route(name)] : []),
        ...(dice.chance(0.5) ? [policy(name, { healthCheck: { ...quickHealthCheck, timeout: '20s' } })] : []),
      ];
      const steps: Step[] = dice.chance(0.5)
        ? [{ kind: 'apply', objects }]
        : objects.map((object) => ({ kind: 'put', object }));
      return { summary: `service ${name} with ${ports.length} instances comes`, steps };
    },
  },
  {
    kind: 'service-removed',
    draw(model, { extraServices }, dice) {
      const name = dice.pick(extraServices.filter((extra) => serviceOf(model, extra) !== undefined));
      return name === undefined
        ? undefined
        : { summary: `service ${name} goes`, steps: stepsToRemove(model, name) };
    },
  },
  {
    kind: 'service-port',
    draw(model, surroundings, dice) {
      const name = dice.pick(mayChangePort(model, surroundings));
      const current = name === undefined ? undefined : serviceOf(model, name);
      if (current === undefined) return undefined;
      const isTakenAway = current.spec?.port !== undefined && dice.chance(0.3);
      const port = isTakenAway ? undefined : dice.pick(freeOwnPorts(model, surroundings));
      const object = withPort(current, port);
      return {
        summary: `service ${current.metadata.name} has port ${port ?? 'none'}`,
        steps: [{ kind: 'put', object }],
      };
    },
  },
];
