import { policyKey } from '@heddle/shared/model/object-key';
import { policySections, type PolicySpec } from '@heddle/shared/model/policy';
import type { Dice } from '../dice.ts';
import { policyNamed, servicesOf } from '../mesh-model.ts';
import type { Recipe } from './recipe.ts';

type Section = (typeof policySections)[number];

/** A recipe that sets one part of the policy of a service, or takes the part away. */
function policyRecipe<K extends Section>(
  section: K,
  draw: (dice: Dice) => NonNullable<PolicySpec[K]>,
): Recipe {
  return {
    kind: `policy-${section}`,
    draw(model, _surroundings, dice) {
      const name = dice.pick(servicesOf(model))?.metadata.name;
      if (name === undefined) return undefined;
      const { targetRef: _target, ...current } = policyNamed(model, name)?.spec ?? { targetRef: { name } };
      const { [section]: old, ...others } = current;
      const isTakenAway = old !== undefined && dice.chance(0.3);
      const sections = isTakenAway ? others : { ...others, [section]: draw(dice) };
      if (policySections.every((each) => sections[each as keyof typeof sections] === undefined))
        return { summary: `policy ${name} goes`, steps: [{ kind: 'delete', key: policyKey(name) }] };
      const spec: PolicySpec = { targetRef: { name }, ...sections };
      return {
        summary: `policy ${name}: ${section} ${isTakenAway ? 'goes' : JSON.stringify(spec[section])}`,
        steps: [{ kind: 'put', object: { kind: 'Policy', metadata: { name }, spec } }],
      };
    },
  };
}

/** Limits that the load stays below, so that no request may fail by them. */
export const policyRecipes: readonly Recipe[] = [
  policyRecipe('loadBalancer', (dice) =>
    dice.chance(0.3)
      ? { policy: 'leastRequest', choiceCount: 2 + dice.integer(3) }
      : { policy: dice.pickOf(['roundRobin', 'leastRequest', 'random']) },
  ),
  policyRecipe('healthCheck', (dice) => ({
    ...(dice.chance(0.7) ? { http: { path: '/healthz' } } : { tcp: {} }),
    interval: dice.pickOf(['100ms', '300ms', '1s']),
    timeout: '20s',
    healthyThreshold: 1 + dice.integer(2),
    unhealthyThreshold: 2 + dice.integer(2),
  })),
  policyRecipe('circuitBreaker', (dice) => ({
    maxConnections: 512 + dice.integer(512),
    maxPendingRequests: 512 + dice.integer(512),
    ...(dice.chance(0.5) ? { maxRequests: 512 + dice.integer(512) } : {}),
    ...(dice.chance(0.5) ? { maxRetries: 3 + dice.integer(10) } : {}),
  })),
  policyRecipe('timeouts', (dice) => ({
    connect: dice.pickOf(['10s', '20s']),
    ...(dice.chance(0.5) ? { request: dice.pickOf(['0s', '20s', '1m']) } : {}),
    // Upstream connections that were idle for so long are closed by the sidecar: never under a request.
    ...(dice.chance(0.5) ? { idle: dice.pickOf(['200ms', '1s', '1m']) } : {}),
  })),
];
