import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The built program; `[Symbol.dispose]` deletes it. */
export interface GoProgram extends Disposable {
  readonly path: string;
}

/** `go build` of a folder, into a folder of its own. The first build on a machine downloads the modules. */
export async function buildGoProgram(go: string, source: string): Promise<GoProgram> {
  const name = path.basename(source);
  const folder = mkdtempSync(path.join(tmpdir(), `heddle-${name}-`));
  const program = path.join(folder, name);
  await promisify(execFile)(go, ['build', '-o', program, '.'], { cwd: source });
  return { path: program, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
