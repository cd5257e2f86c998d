import type { Dice } from '../../changes/dice.ts';
import type { Rule, RuleAction, World, WorldCluster } from './world.ts';

const prefixes = ['/', '/a', '/a/b', '/b', '/c', '/cart', '/c/long/path'] as const;
const statuses = [200, 204, 403, 418, 503] as const;
const policies = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'] as const;
const maxClusters = 8;
const maxRules = 7;

/** Paths that tell worlds apart: each prefix itself, and something below it. */
export const probePaths: readonly string[] = [...prefixes, '/a/b/c', '/cartoon', '/nobody/has/this'];

/** One cluster with one instance, and everything goes there. */
export function firstWorld(): World {
  return {
    clusters: new Map([['cluster-0', { instances: [0], lbPolicy: 'ROUND_ROBIN', maxRequests: 1024 }]]),
    rules: [{ prefix: '/', action: { kind: 'cluster', cluster: 'cluster-0' } }],
    loadCluster: 'cluster-0',
    routeConfig: 'routes-0',
    statPrefix: 'ingress',
  };
}

/** The world after one to four changes, of which any may meet any: those are the snapshots that race. */
export function nextWorld(world: World, step: number, instanceCount: number, dice: Dice): World {
  let next = world;
  for (let left = 1 + dice.integer(4); left > 0; left--) {
    next = changeOnce(next, `${step}-${left}`, instanceCount, dice);
  }
  return next;
}

function changeOnce(world: World, mark: string, instanceCount: number, dice: Dice): World {
  const change = dice.pickOf([
    replaceLoadCluster,
    replaceLoadCluster,
    addCluster,
    removeCluster,
    moveEndpoints,
    moveEndpoints,
    changeSettings,
    addRule,
    addRule,
    removeRule,
    shuffleRules,
    renameRoutes,
    changeListener,
  ]);
  return change(world, mark, instanceCount, dice);
}

/** The load moves to a cluster of a new name, and the one before goes in the same snapshot. */
function replaceLoadCluster(world: World, mark: string, instanceCount: number, dice: Dice): World {
  const name = `cluster-${mark}`;
  const clusters = new Map(world.clusters);
  clusters.set(name, randomCluster(instanceCount, dice, 1));
  return withoutCluster({ ...world, clusters, loadCluster: name }, world.loadCluster, name);
}

function addCluster(world: World, mark: string, instanceCount: number, dice: Dice): World {
  if (world.clusters.size >= maxClusters) return world;
  const clusters = new Map(world.clusters);
  clusters.set(`cluster-${mark}`, randomCluster(instanceCount, dice, 0));
  return { ...world, clusters };
}

function removeCluster(world: World, _mark: string, _instanceCount: number, dice: Dice): World {
  const name = dice.pick([...world.clusters.keys()].filter((key) => key !== world.loadCluster));
  return name === undefined ? world : withoutCluster(world, name, world.loadCluster);
}

function moveEndpoints(world: World, _mark: string, instanceCount: number, dice: Dice): World {
  const [name, cluster] = dice.pick([...world.clusters]) ?? [];
  if (name === undefined || cluster === undefined) return world;
  const { instances } = randomCluster(instanceCount, dice, isInSplit(world, name) ? 1 : 0);
  const isEmptyLoad = name === world.loadCluster && instances.length === 0;
  return isEmptyLoad ? world : withCluster(world, name, { ...cluster, instances });
}

function changeSettings(world: World, _mark: string, _instanceCount: number, dice: Dice): World {
  const [name, cluster] = dice.pick([...world.clusters]) ?? [];
  if (name === undefined || cluster === undefined) return world;
  const lbPolicy = dice.pickOf(policies);
  return withCluster(world, name, { ...cluster, lbPolicy, maxRequests: 1000 + dice.integer(100) });
}

function addRule(world: World, _mark: string, _instanceCount: number, dice: Dice): World {
  if (world.rules.length >= maxRules) return world;
  const rules = [...world.rules];
  rules.splice(dice.integer(rules.length + 1), 0, {
    prefix: dice.pickOf(prefixes),
    action: randomAction(world, dice),
  });
  return { ...world, rules };
}

function removeRule(world: World, _mark: string, _instanceCount: number, dice: Dice): World {
  if (world.rules.length === 0) return world;
  return { ...world, rules: world.rules.toSpliced(dice.integer(world.rules.length), 1) };
}

function shuffleRules(world: World, _mark: string, _instanceCount: number, dice: Dice): World {
  const left = [...world.rules];
  const rules: Rule[] = [];
  while (left.length > 0) rules.push(...left.splice(dice.integer(left.length), 1));
  return { ...world, rules };
}

function renameRoutes(world: World, mark: string): World {
  return { ...world, routeConfig: `routes-${mark}` };
}

function changeListener(world: World, mark: string): World {
  return { ...world, statPrefix: `ingress-${mark}` };
}

function randomAction(world: World, dice: Dice): RuleAction {
  const names = [...world.clusters.keys()];
  const cluster = dice.pick(names) ?? world.loadCluster;
  const served = names.filter((name) => (world.clusters.get(name)?.instances.length ?? 0) > 0);
  switch (dice.integer(6)) {
    case 0:
      return { kind: 'direct', status: dice.pickOf(statuses) };
    case 1:
      return { kind: 'redirect', path: '/elsewhere' };
    case 2:
      return {
        kind: 'split',
        clusters: [dice.pick(served) ?? cluster, dice.pick(served) ?? cluster],
        firstWeight: dice.pickOf([0, 10, 50, 100]),
      };
    case 3:
      return { kind: 'cluster', cluster, prefixRewrite: '/rewritten' };
    default:
      return { kind: 'cluster', cluster };
  }
}

function randomCluster(instanceCount: number, dice: Dice, least: 0 | 1): WorldCluster {
  const instances = Array.from({ length: instanceCount }, (_, index) => index).filter(() => dice.chance(0.4));
  return {
    instances: instances.length < least ? [dice.integer(instanceCount)] : instances,
    lbPolicy: dice.pickOf(policies),
    maxRequests: 1024,
  };
}

function withCluster(world: World, name: string, cluster: WorldCluster): World {
  return { ...world, clusters: new Map(world.clusters).set(name, cluster) };
}

/** Without the cluster; what named it names the heir. */
function withoutCluster(world: World, name: string, heir: string): World {
  const clusters = new Map(world.clusters);
  clusters.delete(name);
  const inherit = (cluster: string): string => (cluster === name ? heir : cluster);
  const rules = world.rules.map(({ prefix, action }): Rule => {
    if (action.kind === 'cluster') return { prefix, action: { ...action, cluster: inherit(action.cluster) } };
    if (action.kind !== 'split') return { prefix, action };
    const [first, second] = action.clusters;
    return { prefix, action: { ...action, clusters: [inherit(first), inherit(second)] } };
  });
  return { ...world, clusters, rules };
}

function isInSplit(world: World, name: string): boolean {
  return world.rules.some(({ action }) => action.kind === 'split' && action.clusters.includes(name));
}
