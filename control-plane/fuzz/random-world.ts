import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { TestWorld } from '../test/test-snapshots.ts';

const maxClusters = 6;
const maxListeners = 3;

/** Like `TestWorld`, with everything there, and consistent: what is named exists, but for endpoints. */
export type World = Required<Omit<TestWorld, 'endpointsOf'>>;

export const emptyWorld: World = { clusters: {}, endpoints: {}, listeners: {}, routes: {} };

export function pick<T>(rng: Rng, list: readonly T[]): T | undefined {
  return list[randomInteger(rng, Math.max(1, list.length))];
}

/** The world after one to three changes. Names come back: a cluster that went may be there again. */
export function nextWorld(world: World, rng: Rng): World {
  let next = world;
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) next = changeOnce(next, rng);
  return next;
}

function changeOnce(world: World, rng: Rng): World {
  const clusters = Object.keys(world.clusters);
  const cluster = pick(rng, clusters);
  const table = pick(rng, Object.keys(world.routes));
  const content = String(randomInteger(rng, 1000));
  switch (randomInteger(rng, 9)) {
    case 0:
    case 1:
      return { ...world, clusters: { ...world.clusters, [`c${randomInteger(rng, maxClusters)}`]: content } };
    case 2:
      return cluster === undefined ? world : withoutCluster(world, cluster, rng);
    case 3:
      if (cluster === undefined) return world;
      return { ...world, endpoints: { ...world.endpoints, [cluster]: rng.next() < 0.2 ? '' : content } };
    case 4: {
      if (cluster === undefined) return world;
      const { [cluster]: _, ...endpoints } = world.endpoints;
      return { ...world, endpoints };
    }
    case 5: {
      const name = `t${randomInteger(rng, maxListeners)}`;
      return {
        ...world,
        routes: { ...world.routes, [name]: someOf(clusters, rng) },
        listeners: { ...world.listeners, [`l${randomInteger(rng, maxListeners)}`]: name },
      };
    }
    case 6: {
      const name = pick(rng, Object.keys(world.listeners));
      if (name === undefined) return world;
      const { [name]: _, ...listeners } = world.listeners;
      return withoutUnusedTables({ ...world, listeners });
    }
    default:
      return table === undefined
        ? world
        : { ...world, routes: { ...world.routes, [table]: someOf(clusters, rng) } };
  }
}

function someOf(names: readonly string[], rng: Rng): readonly string[] {
  return names.filter(() => rng.next() < 0.5);
}

/** What named it names others. */
function withoutCluster(world: World, cluster: string, rng: Rng): World {
  const { [cluster]: _, ...clusters } = world.clusters;
  const routes = Object.fromEntries(
    Object.entries(world.routes).map(([name, named]) => [
      name,
      named.includes(cluster) ? someOf(Object.keys(clusters), rng) : named,
    ]),
  );
  return { ...world, clusters, routes };
}

function withoutUnusedTables(world: World): World {
  const used = new Set(Object.values(world.listeners));
  const routes = Object.fromEntries(Object.entries(world.routes).filter(([name]) => used.has(name)));
  return { ...world, routes };
}
