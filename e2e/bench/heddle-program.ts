import { existsSync } from 'node:fs';
import path from 'node:path';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import type { BenchOptions } from './scenario.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The start of a command line of one of our planes: from its sources, or from what `npm run build` made of them. */
export function heddleCommand(
  plane: 'control-plane' | 'data-plane',
  { isCompiled, profileFolder }: Pick<BenchOptions, 'isCompiled' | 'profileFolder'>,
): readonly string[] {
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const program = path.join(root, plane, isCompiled ? 'dist/main.js' : 'src/main.ts');
  if (!existsSync(program)) throw new Error(`there is no ${program}: run npm run build`);
  const condition = isCompiled ? ['--conditions=compiled'] : [];
  return [process.execPath, ...condition, ...planeNodeOptions[plane], ...profile, program];
}
