import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeKinds } from './change-kinds.ts';
import { countByKind, generateChanges, modelAfter, onlyValid, tryChange } from './generate-changes.ts';
import { applyStep, modelOf } from './mesh-model.ts';
import { brokenPromise } from './promises.ts';
import { initialObjects } from './surroundings.ts';
import { exampleSurroundings as surroundings } from './surroundings.fixture.ts';

test('the same seed gives the same changes, another seed others', () => {
  const changes = generateChanges(7, 50, surroundings);
  assert.deepEqual(generateChanges(7, 50, surroundings), changes);
  assert.notDeepEqual(generateChanges(8, 50, surroundings), changes);
  assert.deepEqual(
    generateChanges(7, 20, surroundings),
    changes.slice(0, 20),
    'a longer run begins the same',
  );
});

test('every kind of change is drawn', () => {
  const counts = countByKind(generateChanges(1, 400, surroundings));
  assert.deepEqual(Object.keys(counts).sort(), [...changeKinds].sort());
  for (const [kind, count] of Object.entries(counts)) assert.ok(count >= 3, `${kind}: ${count}`);
});

test('every step of every change is valid and keeps the promises', () => {
  for (const seed of [1, 2, 3]) {
    let model = modelOf(initialObjects(surroundings));
    for (const change of generateChanges(seed, 150, surroundings)) {
      for (const step of change.steps) {
        const result = applyStep(model, step);
        assert.ok(result.kind === 'valid', `${change.summary}: ${JSON.stringify(result)}`);
        model = result.model;
        assert.equal(brokenPromise(model, surroundings), undefined, change.summary);
      }
    }
  }
});

test('of a part of a run only what is still valid is left', () => {
  const changes = generateChanges(3, 200, surroundings);
  assert.deepEqual(onlyValid(changes, surroundings), changes);
  const part = changes.filter((_, index) => index % 3 === 0);
  const valid = onlyValid(part, surroundings);
  assert.ok(
    valid.length < part.length && valid.length > part.length / 2,
    `${valid.length} of ${part.length}`,
  );
  let model = modelOf(initialObjects(surroundings));
  for (const change of valid)
    model = tryChange(model, change, surroundings) ?? assert.fail(`${change.summary} is not valid`);
  assert.deepEqual(modelAfter(valid, surroundings), model);
});

test('a mesh in which nothing can change is said, not waited for', () => {
  const nothing = { keptServices: [], extraServices: [], backendPorts: [], ownPorts: [] };
  assert.throws(() => generateChanges(1, 1, nothing), /seed 1 draws no further valid change/);
});
