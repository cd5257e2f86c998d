import { existsSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from './harness.ts';

export type Plane = 'control-plane' | 'data-plane';

/** The only setting of all scenarios: `HEDDLE_COMPILED=1` runs what `npm run build` made instead of the sources. */
export function isCompiledRun(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment['HEDDLE_COMPILED'] === '1';
}

/** What follows `node` and its own arguments: the program of a plane. Throws when it was not built. */
export function planeProgram(plane: Plane, isCompiled = isCompiledRun()): readonly string[] {
  if (!isCompiled) return [path.join(repositoryRoot, plane, 'src/main.ts')];
  const program = path.join(repositoryRoot, plane, 'dist/main.js');
  if (!existsSync(program)) throw new Error(`there is no ${program}: run npm run build`);
  return ['--conditions=compiled', program];
}
