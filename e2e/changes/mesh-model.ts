import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Instance } from '@heddle/shared/model/instance';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import {
  collectionOf,
  instanceCollection,
  keyOf,
  policyKey,
  routeKey,
  serviceKey,
} from '@heddle/shared/model/object-key';
import { checkMeshObject } from '@heddle/shared/model/parse-object';
import type { Policy } from '@heddle/shared/model/policy';
import { checkReferences, type MeshChange, type MeshView } from '@heddle/shared/model/references';
import type { Service } from '@heddle/shared/model/service';

/** What the registry holds, by key. Immutable. */
export type MeshModel = ReadonlyMap<string, MeshObject>;

/** One request to the REST API. */
export type Step =
  | { readonly kind: 'put'; readonly object: MeshObject }
  | { readonly kind: 'delete'; readonly key: string }
  /** Several objects in one transaction. */
  | { readonly kind: 'apply'; readonly objects: readonly MeshObject[] }
  /** Heartbeat of an instance. */
  | { readonly kind: 'renew'; readonly key: string };

export type StepResult =
  | { readonly kind: 'valid'; readonly model: MeshModel }
  | { readonly kind: 'invalid'; readonly reason: string };

export function modelOf(objects: readonly MeshObject[]): MeshModel {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

/** The model after the step, or why the REST API would refuse it. Pure. */
export function applyStep(model: MeshModel, step: Step): StepResult {
  switch (step.kind) {
    case 'put':
      return applyObjects(model, [step.object]);
    case 'apply':
      return applyObjects(model, step.objects);
    case 'delete': {
      if (!model.has(step.key)) return { kind: 'invalid', reason: `there is no ${step.key}` };
      const problem = problemOf(model, [{ kind: 'delete', key: step.key }]);
      if (problem !== undefined) return { kind: 'invalid', reason: problem };
      const next = new Map(model);
      next.delete(step.key);
      return { kind: 'valid', model: next };
    }
    case 'renew': {
      const object = model.get(step.key);
      return object?.kind === 'Instance' && object.spec.lease !== undefined
        ? { kind: 'valid', model }
        : { kind: 'invalid', reason: `${step.key} has no lease` };
    }
  }
}

function applyObjects(model: MeshModel, objects: readonly MeshObject[]): StepResult {
  for (const object of objects) {
    const [problem] = checkMeshObject(structuredClone(object)).problems;
    if (problem !== undefined) return { kind: 'invalid', reason: `${problem.path} ${problem.message}` };
  }
  const problem = problemOf(
    model,
    objects.map((object) => ({ kind: 'put', object })),
  );
  if (problem !== undefined) return { kind: 'invalid', reason: problem };
  return { kind: 'valid', model: new Map([...model, ...modelOf(objects)]) };
}

function problemOf(model: MeshModel, changes: readonly MeshChange[]): string | undefined {
  return checkReferences(changes, viewOf(model))[0]?.message;
}

function viewOf(model: MeshModel): MeshView {
  return {
    get: (key) => model.get(key),
    list: (collection) =>
      [...model].filter(([key]) => collectionOf(key) === collection).map(([, object]) => object),
  };
}

export function servicesOf(model: MeshModel): Service[] {
  return [...model.values()].filter((object) => object.kind === 'Service');
}

export function serviceOf(model: MeshModel, name: string): Service | undefined {
  const object = model.get(serviceKey(name));
  return object?.kind === 'Service' ? object : undefined;
}

/** Of one service, or of all. */
export function instancesOf(model: MeshModel, service?: string): Instance[] {
  return [...model]
    .filter(([key]) => service === undefined || collectionOf(key) === instanceCollection(service))
    .map(([, object]) => object)
    .filter((object) => object.kind === 'Instance');
}

export function routesOf(model: MeshModel): HttpRoute[] {
  return [...model.values()].filter((object) => object.kind === 'HTTPRoute');
}

export function routeNamed(model: MeshModel, name: string): HttpRoute | undefined {
  const object = model.get(routeKey(name));
  return object?.kind === 'HTTPRoute' ? object : undefined;
}

export function policyNamed(model: MeshModel, name: string): Policy | undefined {
  const object = model.get(policyKey(name));
  return object?.kind === 'Policy' ? object : undefined;
}
