import { keyOf } from '@heddle/shared/model/object-key';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { changeKinds, recipes, severalAtOnce } from './change-kinds.ts';
import { createDice, type Dice } from './dice.ts';
import { applyStep, modelOf, type MeshModel, type Step } from './mesh-model.ts';
import { brokenPromise } from './promises.ts';
import type { Draft } from './recipes/recipe.ts';
import { initialObjects, type Surroundings } from './surroundings.ts';

export interface Change extends Draft {
  readonly kind: string;
  /** Place in the run that drew it. */
  readonly index: number;
}

/** A seed that draws this often without a valid change has nothing left to change. */
const drawLimit = 10_000;

/**
 * `count` changes that the REST API takes one after the other, from the initial mesh on, each of which leaves the
 * kept services routable. The first changes are one of each kind in a random order, as far as the mesh has
 * something of the kind. Pure: the same seed and surroundings give the same changes.
 */
export function generateChanges(seed: number, count: number, surroundings: Surroundings): Change[] {
  const dice = createDice(seed);
  const changes: Change[] = [];
  let model = modelOf(initialObjects(surroundings));
  let due = shuffled(changeKinds, dice);
  for (let draws = 0; changes.length < count; draws++) {
    if (draws > drawLimit + count * 100) throw new Error(`seed ${seed} draws no further valid change`);
    if (due.length === 0) due = shuffled(changeKinds, dice);
    const kind = due.shift() ?? severalAtOnce;
    const draft = drawDraft(kind, model, surroundings, dice);
    const next = draft === undefined ? undefined : tryChange(model, draft, surroundings);
    if (draft === undefined || next === undefined) continue;
    changes.push({ ...draft, kind, index: changes.length });
    model = next;
  }
  return changes;
}

/**
 * The model after the change; undefined when a step of it is invalid, or breaks a promise to the kept services.
 */
export function tryChange(model: MeshModel, draft: Draft, surroundings: Surroundings): MeshModel | undefined {
  let next = model;
  for (const step of draft.steps) {
    const result = applyStep(next, step);
    if (result.kind === 'invalid') return undefined;
    if (brokenPromise(result.model, surroundings) !== undefined) return undefined;
    next = result.model;
  }
  return next;
}

/** Those of the changes that are still valid when only they are made. For runs that were shortened. */
export function onlyValid(changes: readonly Change[], surroundings: Surroundings): Change[] {
  let model = modelOf(initialObjects(surroundings));
  return changes.filter((change) => {
    const next = tryChange(model, change, surroundings);
    model = next ?? model;
    return next !== undefined;
  });
}

/** The mesh after valid changes. */
export function modelAfter(changes: readonly Change[], surroundings: Surroundings): MeshModel {
  return changes.reduce(
    (model, change) => tryChange(model, change, surroundings) ?? model,
    modelOf(initialObjects(surroundings)),
  );
}

export function countByKind(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(changeKinds.map((kind) => [kind, 0]));
  for (const { kind } of changes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function drawDraft(
  kind: string,
  model: MeshModel,
  surroundings: Surroundings,
  dice: Dice,
): Draft | undefined {
  if (kind === severalAtOnce) return drawSeveral(model, surroundings, dice);
  return recipes.find((recipe) => recipe.kind === kind)?.draw(model, surroundings, dice);
}

/** Up to four drafts that only put objects, as one transaction. */
function drawSeveral(model: MeshModel, surroundings: Surroundings, dice: Dice): Draft | undefined {
  const objects = new Map<string, MeshObject>();
  const summaries: string[] = [];
  let next = model;
  for (let draws = 0; draws < 12 && summaries.length < 4; draws++) {
    const draft = dice.pick(recipes)?.draw(next, surroundings, dice);
    const put = draft?.steps.flatMap(putsOf) ?? [];
    if (draft === undefined || draft.steps.some((step) => step.kind === 'delete' || step.kind === 'renew'))
      continue;
    const after = tryChange(next, draft, surroundings);
    if (after === undefined) continue;
    next = after;
    summaries.push(draft.summary);
    for (const object of put) objects.set(keyOf(object), object);
  }
  if (summaries.length < 2) return undefined;
  return { summary: summaries.join('; '), steps: [{ kind: 'apply', objects: [...objects.values()] }] };
}

function putsOf(step: Step): readonly MeshObject[] {
  if (step.kind === 'put') return [step.object];
  return step.kind === 'apply' ? step.objects : [];
}

function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  const left = [...list];
  return list.flatMap(() => left.splice(dice.integer(left.length), 1));
}
