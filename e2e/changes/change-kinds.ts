import { instanceRecipes } from './recipes/instance-changes.ts';
import { policyRecipes } from './recipes/policy-changes.ts';
import type { Recipe } from './recipes/recipe.ts';
import { routeRecipes } from './recipes/route-changes.ts';
import { serviceRecipes } from './recipes/service-changes.ts';

/** Everything that the REST API can change about a mesh, each kind as often as every other. */
export const recipes: readonly Recipe[] = [
  ...routeRecipes,
  ...serviceRecipes,
  ...instanceRecipes,
  ...policyRecipes,
];

/** Several kinds in one transaction. */
export const severalAtOnce = 'several-at-once';

export const changeKinds: readonly string[] = [...recipes.map(({ kind }) => kind), severalAtOnce];
