import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf, serviceKey } from '@heddle/shared/model/object-key';
import type { Service } from '@heddle/shared/model/service';
import { instance, policy, quickHealthCheck, route, service } from '../../harness/objects.ts';
import { instancesOf, serviceOf, servicesOf, type MeshModel, type Step } from '../mesh-model.ts';
import { passedPort, steadyPort, type Surroundings } from '../surroundings.ts';
import { freeBackendPorts } from './instance-changes.ts';
import type { Recipe } from './recipe.ts';

function freeOwnPorts(model: MeshModel, { ownPorts }: Surroundings): number[] {
  const taken = new Set(servicesOf(model).map(({ spec }) => spec?.port));
  return ownPorts.filter((port) => !taken.has(port));
}

/** Services whose own port is nobody's concern: no load goes there. */
function mayChangePort(model: MeshModel, surroundings: Surroundings): Service[] {
  const underLoad = new Set([steadyPort(surroundings), passedPort(surroundings)]);
  return servicesOf(model).filter(({ spec }) => spec?.port === undefined || !underLoad.has(spec.port));
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
      const current = dice.pick(mayChangePort(model, surroundings));
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
  {
    kind: 'service-port-passed',
    draw(model, surroundings, dice) {
      const port = passedPort(surroundings);
      const owner = servicesOf(model).find(({ spec }) => port !== undefined && spec?.port === port);
      const heir = dice.pick(
        mayChangePort(model, surroundings).filter(({ metadata }) =>
          surroundings.keptServices.includes(metadata.name),
        ),
      );
      if (owner === undefined || heir === undefined) return undefined;
      return {
        summary: `port ${port} passes from ${owner.metadata.name} to ${heir.metadata.name}`,
        // Sometimes the two exchange their ports.
        steps: [{ kind: 'apply', objects: [withPort(owner, heir.spec?.port), withPort(heir, port)] }],
      };
    },
  },
];
