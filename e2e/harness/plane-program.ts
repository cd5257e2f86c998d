import { existsSync } from 'node:fs';
import path from 'node:path';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import { repositoryRoot } from './harness.ts';

export type Plane = 'control-plane' | 'data-plane';

/** The only setting of all scenarios: `HEDDLE_COMPILED=1` runs what `npm run build` made instead of the sources. */
export function isCompiledRun(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment['HEDDLE_COMPILED'] === '1';
}

/** What follows `node`: the program of a plane, and before it what Node is told for it. Throws when it was not built. */
export function planeProgram(plane: Plane, isCompiled = isCompiledRun()): readonly string[] {
  const options = planeNodeOptions[plane];
  if (!isCompiled) return [...options, path.join(repositoryRoot, plane, 'src/main.ts')];
  const program = path.join(repositoryRoot, plane, 'dist/main.js');
  if (!existsSync(program)) throw new Error(`there is no ${program}: run npm run build`);
  return ['--conditions=compiled', ...options, program];
}
