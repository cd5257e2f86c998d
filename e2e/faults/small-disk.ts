import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A disk of a megabyte, to fill up and to make read-only. */
export interface SmallDisk {
  readonly folder: string;
  fill(): void;
  free(): void;
  /** What is opened already stays writable, as it was. */
  setReadOnly(isReadOnly: boolean): void;
  remove(): void;
}

const sizeBytes = 1024 * 1024;

/** Undefined where we may not mount. */
export function createSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-disk-'));
  if (!mount(folder, `size=${sizeBytes}`)) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const filler = path.join(folder, 'filler');
  let isCovered = false;
  function setReadOnly(isReadOnly: boolean): void {
    if (isReadOnly === isCovered) return;
    if (isReadOnly) mount(folder, 'ro');
    else unmount(folder);
    isCovered = isReadOnly;
  }
  return {
    folder,
    fill() {
      let chunkBytes = sizeBytes;
      while (chunkBytes >= 1) {
        try {
          writeFileSync(filler, Buffer.alloc(chunkBytes), { flag: 'a' });
        } catch {
          chunkBytes = Math.floor(chunkBytes / 2);
        }
      }
    },
    free: () => rmSync(filler),
    setReadOnly,
    remove() {
      setReadOnly(false);
      // A process that has not ended yet may hold files of it.
      spawnSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function mount(folder: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
}

function unmount(folder: string): void {
  const { status, stderr } = spawnSync('umount', [folder]);
  if (status !== 0) throw new Error(`umount ${folder}: ${stderr.toString()}`);
}
