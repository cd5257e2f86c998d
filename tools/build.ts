import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundleSidecar } from './bundle.ts';

/**
 * `npm run build [folder]`: JavaScript of all programs, `<workspace>/src/x.ts` → `<folder>/<workspace>/dist/x.js`, of the
 * sidecar its programs alone, with all that they import; without a folder in the repository itself. Types are erased, not checked: that is `npm run check`. What was built
 * before is replaced as a whole, so that no file outlives its source.
 */
const root = path.resolve(import.meta.dirname, '..');
const workspaces = ['shared', 'control-plane', 'data-plane', 'cli'];

async function build(target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  // Beside the target, so that moving is a rename.
  const output = mkdtempSync(path.join(target, '.build-'));
  try {
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const config = path.join(root, 'tsconfig.build.json');
    execFileSync(process.execPath, [compiler, '-p', config, '--outDir', output], { stdio: 'inherit' });
    await bundleSidecar(root, path.join(output, 'data-plane/src'));
    for (const workspace of workspaces) {
      const dist = path.join(target, workspace, 'dist');
      rmSync(dist, { recursive: true, force: true });
      mkdirSync(path.dirname(dist), { recursive: true });
      renameSync(path.join(output, workspace, 'src'), dist);
    }
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

const [folder, ...rest] = process.argv.slice(2);
if (rest.length > 0 || folder?.startsWith('-') === true) {
  console.error('usage: build.ts [folder]');
  process.exitCode = 2;
} else {
  await build(folder === undefined ? root : path.resolve(folder));
}
