import type { BackendRef, HttpRoute, HttpRouteRule } from '@heddle/shared/model/http-route';
import type { HttpRouteFilter } from '@heddle/shared/model/http-route-filter';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';
import { routeKey } from '@heddle/shared/model/object-key';
import { route } from '../../harness/objects.ts';
import type { Dice } from '../dice.ts';
import { instancesOf, routeNamed, type MeshModel } from '../mesh-model.ts';
import { isServing, movedPrefix } from '../promises.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Draft, Recipe } from './recipe.ts';

const ruleLimit = 6;

/** A recipe that turns the route of a kept service into another one. */
function routeRecipe(
  kind: string,
  change: (
    route: HttpRoute,
    model: MeshModel,
    dice: Dice,
    surroundings: Surroundings,
  ) => HttpRoute | undefined,
): Recipe {
  return {
    kind,
    draw(model, surroundings, dice) {
      const name = dice.pick(surroundings.keptServices);
      const current = name === undefined ? undefined : routeNamed(model, name);
      const next = current === undefined ? undefined : change(current, model, dice, surroundings);
      if (name === undefined || next === undefined) return undefined;
      return { summary: `route ${name}: ${kind}`, steps: [{ kind: 'put', object: next }] };
    },
  };
}

/** The same route with a rule replaced; undefined drops the rule. */
function withRule(current: HttpRoute, index: number, rule: HttpRouteRule | undefined): HttpRoute {
  const rules = current.spec.rules.flatMap((old, at) =>
    at !== index ? [old] : rule === undefined ? [] : [rule],
  );
  return { ...current, spec: { ...current.spec, rules } };
}

function withoutFilter(rule: HttpRouteRule, type: HttpRouteFilter['type']): HttpRouteFilter[] {
  return (rule.filters ?? []).filter((filter) => filter.type !== type);
}

/** Sets the filter on a rule that does not redirect, or takes it away. */
function filterRecipe(
  kind: string,
  type: HttpRouteFilter['type'],
  draw: (rule: HttpRouteRule, dice: Dice) => HttpRouteFilter,
): Recipe {
  return routeRecipe(kind, (current, _model, dice) => {
    const index = dice.integer(current.spec.rules.length);
    const rule = current.spec.rules[index];
    if (rule === undefined || rule.backendRefs === undefined) return undefined;
    const others = withoutFilter(rule, type);
    const isTakenAway = others.length < (rule.filters ?? []).length && dice.chance(0.4);
    return withRule(current, index, {
      ...rule,
      filters: isTakenAway ? others : [...others, draw(rule, dice)],
    });
  });
}

/** Shares over what serves: the service as a whole, its versions, now and then one of weight 0. */
function drawBackends(model: MeshModel, name: string, dice: Dice): BackendRef[] {
  const serving = instancesOf(model, name).filter(isServing);
  const versions = [...new Set(serving.flatMap(({ spec }) => spec.version ?? []))].sort();
  if (versions.length === 0 || dice.chance(0.1)) return [{ name }];
  const refs = versions.map((version) => ({ name, version, weight: dice.integer(5) * 25 }));
  return refs.some(({ weight }) => weight > 0) ? refs : [{ name, version: versions[0] ?? '' }];
}

const paths: readonly [NonNullable<HttpRouteMatch['path']>, ...NonNullable<HttpRouteMatch['path']>[]] = [
  { type: 'PathPrefix', value: '/shop' },
  { type: 'PathPrefix', value: '/api/v1' },
  { type: 'Exact', value: '/shop/items' },
  { type: 'Exact', value: '/' },
  { type: 'RegularExpression', value: '/api/v[0-9]+/.*' },
];

function drawMatch(dice: Dice): HttpRouteMatch {
  return {
    ...(dice.chance(0.7) ? { path: dice.pickOf(paths) } : {}),
    ...(dice.chance(0.3)
      ? { headers: [dice.pickOf([userHeader, { ...userHeader, type: 'RegularExpression', value: 't.*' }])] }
      : {}),
    ...(dice.chance(0.2) ? { queryParams: [{ name: 'page', value: '2' }] } : {}),
    ...(dice.chance(0.2) ? { method: dice.pickOf(['GET', 'POST']) } : {}),
  };
}

const userHeader = { name: 'x-user', type: 'Exact' as 'Exact' | 'RegularExpression', value: 'test' };
const longTimes = ['0s', '20s', '1m'] as const;

function changeMatches(current: HttpRoute, model: MeshModel, dice: Dice): HttpRoute {
  const named = current.spec.rules.findIndex((rule) => rule.name?.startsWith('extra-') ?? false);
  if (named >= 0 && (current.spec.rules.length >= ruleLimit || dice.chance(0.4)))
    return withRule(current, named, undefined);
  const rule: HttpRouteRule = {
    name: `extra-${dice.integer(1000)}`,
    matches: Array.from({ length: 1 + dice.integer(2) }, () => drawMatch(dice)),
    backendRefs: drawBackends(model, current.metadata.name, dice),
  };
  return { ...current, spec: { ...current.spec, rules: [rule, ...current.spec.rules] } };
}

function changeRedirect(current: HttpRoute, _model: MeshModel, dice: Dice): HttpRoute {
  const index = current.spec.rules.findIndex((rule) => rule.name === 'moved');
  if (index >= 0 && dice.chance(0.5)) return withRule(current, index, undefined);
  const rule: HttpRouteRule = {
    name: 'moved',
    matches: [{ path: { type: 'PathPrefix', value: movedPrefix } }],
    filters: [
      {
        type: 'RequestRedirect',
        requestRedirect: {
          statusCode: dice.pickOf([301, 302, 307, 308]),
          path: { type: 'ReplacePrefixMatch', replacePrefixMatch: dice.pickOf(['/shop', '/api', '']) },
        },
      },
    ],
  };
  const others = current.spec.rules.filter(({ name }) => name !== 'moved');
  return { ...current, spec: { ...current.spec, rules: [rule, ...others] } };
}

function drawRewrite(rule: HttpRouteRule, dice: Dice): HttpRouteFilter {
  const isPrefixOnly = (rule.matches ?? []).every(
    ({ path }) => (path?.type ?? 'PathPrefix') === 'PathPrefix',
  );
  const isPrefix = isPrefixOnly && dice.chance(0.6);
  return {
    type: 'URLRewrite',
    urlRewrite: {
      ...(dice.chance(0.3) ? { hostname: 'rewritten.example' } : {}),
      path: isPrefix
        ? { type: 'ReplacePrefixMatch', replacePrefixMatch: dice.pickOf(['/', '/new', '']) }
        : { type: 'ReplaceFullPath', replaceFullPath: dice.pickOf(['/all', '/']) },
    },
  };
}

function drawHeaders(dice: Dice) {
  return {
    ...(dice.chance(0.7) ? { set: [{ name: 'x-set', value: String(dice.integer(1000)) }] } : {}),
    ...(dice.chance(0.3) ? { remove: ['x-removed'] } : {}),
    add: [{ name: 'x-added', value: String(dice.integer(1000)) }],
  };
}

function drawExistence(model: MeshModel, { keptServices }: Surroundings, dice: Dice): Draft | undefined {
  const name = dice.pick(keptServices);
  if (name === undefined) return undefined;
  if (routeNamed(model, name) !== undefined)
    return { summary: `route ${name} goes`, steps: [{ kind: 'delete', key: routeKey(name) }] };
  const back = route(name);
  const rules = [{ backendRefs: drawBackends(model, name, dice) }];
  return {
    summary: `route ${name} comes`,
    steps: [{ kind: 'put', object: { ...back, spec: { ...back.spec, rules } } }],
  };
}

export const routeRecipes: readonly Recipe[] = [
  routeRecipe('route-weights', (current, model, dice) => {
    const index = dice.integer(current.spec.rules.length);
    const rule = current.spec.rules[index];
    if (rule?.backendRefs === undefined) return undefined;
    return withRule(current, index, {
      ...rule,
      backendRefs: drawBackends(model, current.metadata.name, dice),
    });
  }),
  routeRecipe('route-matches', changeMatches),
  routeRecipe('route-redirect', changeRedirect),
  filterRecipe('route-rewrite', 'URLRewrite', drawRewrite),
  filterRecipe('route-request-headers', 'RequestHeaderModifier', (_rule, dice) => ({
    type: 'RequestHeaderModifier',
    requestHeaderModifier: drawHeaders(dice),
  })),
  filterRecipe('route-response-headers', 'ResponseHeaderModifier', (_rule, dice) => ({
    type: 'ResponseHeaderModifier',
    responseHeaderModifier: drawHeaders(dice),
  })),
  routeRecipe('route-timeouts', (current, _model, dice) => {
    const index = dice.integer(current.spec.rules.length);
    const rule = current.spec.rules[index];
    if (rule?.backendRefs === undefined) return undefined;
    const { timeouts: _timeouts, ...without } = rule;
    const timeouts = { request: dice.pickOf(longTimes), backendRequest: '20s' };
    return withRule(current, index, dice.chance(0.3) ? without : { ...rule, timeouts });
  }),
  routeRecipe('route-retries', (current, _model, dice) => {
    const index = dice.integer(current.spec.rules.length);
    const rule = current.spec.rules[index];
    if (rule?.backendRefs === undefined) return undefined;
    const { retry: _retry, ...without } = rule;
    const retry = { attempts: 1 + dice.integer(3), codes: [502, 504], backoff: '20ms' };
    return withRule(current, index, dice.chance(0.4) ? without : { ...rule, retry });
  }),
  routeRecipe('route-hostnames', (current, _model, dice) => {
    const { hostnames, ...spec } = current.spec;
    const name = current.metadata.name;
    const others: readonly [string[], ...string[][]] = [
      [name, `${name}.example`],
      [`${name}.example`],
      [name, `*.${name}.example`],
    ];
    return hostnames !== undefined && dice.chance(0.5)
      ? { ...current, spec }
      : { ...current, spec: { ...spec, hostnames: dice.pickOf(others) } };
  }),
  { kind: 'route-existence', draw: drawExistence },
];
