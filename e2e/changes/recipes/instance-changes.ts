import type { Instance, InstanceSpec } from '@heddle/shared/model/instance';
import { keyOf } from '@heddle/shared/model/object-key';
import { instance } from '../../harness/objects.ts';
import type { Dice } from '../dice.ts';
import { instancesOf, servicesOf, type MeshModel } from '../mesh-model.ts';
import { versions, type Surroundings } from '../surroundings.ts';
import type { Recipe } from './recipe.ts';

/** Longer than any run: an instance that leaves by itself would not be in the model. */
const leaseTtlSeconds = 3600;

export function freeBackendPorts(model: MeshModel, { backendPorts }: Surroundings): number[] {
  const taken = new Set(instancesOf(model).map(({ spec }) => spec.port));
  return backendPorts.filter((port) => !taken.has(port));
}

/** A recipe that turns one instance of the mesh into another one. */
function instanceRecipe(
  kind: string,
  change: (spec: InstanceSpec, dice: Dice) => Partial<InstanceSpec>,
): Recipe {
  return {
    kind,
    draw(model, _surroundings, dice) {
      const current = dice.pick(instancesOf(model));
      if (current === undefined) return undefined;
      const part = change(current.spec, dice);
      const object: Instance = { ...current, spec: { ...current.spec, ...part } };
      const { service, name } = current.metadata;
      return {
        summary: `instance ${service}/${name}: ${JSON.stringify(part)}`,
        steps: [{ kind: 'put', object }],
      };
    },
  };
}

export const instanceRecipes: readonly Recipe[] = [
  {
    kind: 'instance-added',
    draw(model, surroundings, dice) {
      const service = dice.pick(servicesOf(model))?.metadata.name;
      const port = dice.pick(freeBackendPorts(model, surroundings));
      if (service === undefined || port === undefined) return undefined;
      const object = instance(service, `${service}-at-${surroundings.backendPorts.indexOf(port)}`, port, {
        version: dice.pickOf(versions),
        weight: 1 + dice.integer(5),
        ...(dice.chance(0.3) ? { lease: { ttlSeconds: leaseTtlSeconds } } : {}),
      });
      return {
        summary: `instance ${service}/${object.metadata.name} comes`,
        steps: [{ kind: 'put', object }],
      };
    },
  },
  {
    kind: 'instance-removed',
    draw(model, _surroundings, dice) {
      const current = dice.pick(instancesOf(model));
      return current === undefined
        ? undefined
        : { summary: `${keyOf(current)} goes`, steps: [{ kind: 'delete', key: keyOf(current) }] };
    },
  },
  {
    kind: 'instance-renewed',
    draw(model, _surroundings, dice) {
      const leased = dice.pick(instancesOf(model).filter(({ spec }) => spec.lease !== undefined));
      return leased === undefined
        ? undefined
        : { summary: `${keyOf(leased)} is renewed`, steps: [{ kind: 'renew', key: keyOf(leased) }] };
    },
  },
  instanceRecipe('instance-version', (_spec, dice) => ({ version: dice.pickOf(versions) })),
  instanceRecipe('instance-weight', (_spec, dice) => ({ weight: 1 + dice.integer(100) })),
  instanceRecipe('instance-health', ({ health }, dice) =>
    health !== undefined && health !== 'healthy' && dice.chance(0.6)
      ? { health: 'healthy' }
      : { health: dice.pickOf(['unhealthy', 'draining', 'degraded', 'timeout', 'unknown']) },
  ),
  instanceRecipe('instance-locality', (_spec, dice) => ({
    locality: { region: 'local', zone: dice.pickOf(['a', 'b', 'c']) },
  })),
  instanceRecipe('instance-metadata', (_spec, dice) => ({ metadata: { build: String(dice.integer(1000)) } })),
];
