import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file as a whole: whoever reads it, also after a power cut, finds the old content or the new one. Only the
 * owner may read it. Makes the folder. @throws Error of the file system; then the old content is still there
 */
export async function writeFileAtomically(path: string, content: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}.tmp`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // One that a crash left, or a link that somebody put there to be written through.
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // The name is as durable as the content only when the folder is.
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
