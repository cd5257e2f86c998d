import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import { repositoryRoot } from './harness.ts';
import { isCompiledRun, planeProgram } from './plane-program.ts';

test('HEDDLE_COMPILED=1 makes scenarios run what the build made, or fail when nothing was built', () => {
  assert.equal(isCompiledRun({}), false);
  assert.equal(isCompiledRun({ HEDDLE_COMPILED: '1' }), true);
  const source = path.join(repositoryRoot, 'data-plane/src/main.ts');
  const options = planeNodeOptions['data-plane'];
  assert.deepEqual(planeProgram('data-plane', false), [...options, source]);
  const program = path.join(repositoryRoot, 'data-plane/dist/main.js');
  if (existsSync(program))
    assert.deepEqual(planeProgram('data-plane', true), ['--conditions=compiled', ...options, program]);
  else assert.throws(() => planeProgram('data-plane', true), /run npm run build/);
});
