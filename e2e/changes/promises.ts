import type { BackendRef } from '@heddle/shared/model/http-route';
import type { HttpRouteMatch } from '@heddle/shared/model/http-route-match';
import type { Instance } from '@heddle/shared/model/instance';
import { hostsOfRoute } from '@heddle/shared/model/references';
import { instancesOf, routesOf, serviceOf, type MeshModel } from './mesh-model.ts';
import { passedPort, steadyPort, type Surroundings } from './surroundings.ts';

/** Where redirects stand, and where the load therefore sends nothing. */
export const movedPrefix = '/moved';

/**
 * Why a request to one of the kept services could rightly fail under this model; undefined when none could. Load
 * that goes to kept services only, and not below `movedPrefix`, is answered with 200 or Heddle is at fault.
 */
export function brokenPromise(model: MeshModel, surroundings: Surroundings): string | undefined {
  for (const port of [steadyPort(surroundings), passedPort(surroundings)]) {
    if (port !== undefined && !isKeptPort(model, port, surroundings)) return `nobody has port ${port}`;
  }
  for (const name of surroundings.keptServices) {
    const reason = reasonToFail(model, name);
    if (reason !== undefined) return `${name}: ${reason}`;
  }
  return undefined;
}

function isKeptPort(model: MeshModel, port: number, { keptServices }: Surroundings): boolean {
  return keptServices.some((name) => serviceOf(model, name)?.spec?.port === port);
}

function reasonToFail(model: MeshModel, name: string): string | undefined {
  if (serviceOf(model, name) === undefined) return 'there is no such service';
  if (!hasServingInstance(model, { name })) return 'it has no serving instance';
  const routes = routesOf(model).filter(
    (route) =>
      route.spec.parentRefs.some((parent) => parent.name === name) && hostsOfRoute(route).includes(name),
  );
  if (routes.length === 0) return undefined; // all goes to the service itself
  let takesAll = false;
  for (const rule of routes.flatMap((route) => route.spec.rules)) {
    const matches = rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches;
    if ((rule.filters ?? []).some((filter) => filter.type === 'RequestRedirect')) {
      if (!matches.every(isMoved)) return 'a redirect takes requests of the load';
      continue;
    }
    takesAll ||= matches.some(isEverything);
    const away = (rule.backendRefs ?? []).find((ref) => ref.weight !== 0 && !hasServingInstance(model, ref));
    if (away !== undefined)
      return `nothing serves ${away.name}${away.version === undefined ? '' : `@${away.version}`}`;
  }
  return takesAll ? undefined : 'its route does not take everything';
}

function isMoved(match: HttpRouteMatch): boolean {
  return match.path?.type === 'PathPrefix' && match.path.value === movedPrefix;
}

function isEverything({ path, headers = [], queryParams = [], method }: HttpRouteMatch): boolean {
  const isAnyPath = (path?.type ?? 'PathPrefix') === 'PathPrefix' && (path?.value ?? '/') === '/';
  return isAnyPath && headers.length === 0 && queryParams.length === 0 && method === undefined;
}

function hasServingInstance(model: MeshModel, ref: Pick<BackendRef, 'name' | 'version'>): boolean {
  return instancesOf(model, ref.name).some(
    (instance) => isServing(instance) && (ref.version === undefined || instance.spec.version === ref.version),
  );
}

/** Whether discovery says that it may get requests while others are well. */
export function isServing({ spec }: Instance): boolean {
  return spec.health === undefined || spec.health === 'unknown' || spec.health === 'healthy';
}
