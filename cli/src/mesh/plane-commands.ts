import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';

export type Plane = 'control-plane' | 'data-plane';

/**
 * What Node is started with to run a plane: TypeScript as it stands in the repository, or its compiled output beside
 * ours. The command starts the planes as programs and imports nothing of them.
 */
export function planeArguments(plane: Plane): string[] {
  const isCompiled = import.meta.url.endsWith('.js');
  const path = fileURLToPath(
    new URL(`../../../${plane}/${isCompiled ? 'dist/main.js' : 'src/main.ts'}`, import.meta.url),
  );
  if (!existsSync(path)) throw new Error(`${path} is missing: this installation is not complete`);
  return [...(isCompiled ? ['--conditions=compiled'] : []), ...planeNodeOptions[plane], path];
}
