import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { toPipePath, type ListenAddress } from '../config/model/address.ts';

/**
 * Servers of Unix domain sockets. The socket is made under another name and then renamed: what was at the path before
 * (in most cases the socket of a process that has ended) is replaced in one step, as Envoy replaces it in two; the
 * file is never there without its permissions; and it stays when the server ends, since Node deletes only the name
 * that it knows. A successor that has taken the path over would otherwise lose its socket to the one before it.
 */

/** Of Linux, without the zero at the end. */
const longestPathBytes = 107;
const longestTemporaryName = 12;

/** The server listens when this returns, and emits `listening` later; or `error`. @throws NodeJS.ErrnoException */
export function listenOnPipe(server: Server, address: ListenAddress, backlog?: number): void {
  const path = toPipePath(address);
  const boundPath = isAbstract(path) ? path : temporaryPathBeside(path);
  server.listen({ path: boundPath, exclusive: true, ...(backlog === undefined ? {} : { backlog }) });
  if (!server.listening || boundPath === path) return;
  try {
    if (address.mode !== undefined) chmodSync(boundPath, address.mode);
    renameSync(boundPath, path);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Rejects with the reason why a pipe could not be made there. What is there stays as it is. */
export function probePipe(address: ListenAddress): Promise<void> {
  const path = toPipePath(address);
  return new Promise((resolve, reject) => {
    if (!isAbstract(path) && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      reject(Object.assign(new Error('EISDIR: it is a directory'), { code: 'EISDIR' }));
      return;
    }
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ path: isAbstract(path) ? path : temporaryPathBeside(path), exclusive: true }, () =>
      server.close(() => resolve()),
    );
  });
}

function isAbstract(path: string): boolean {
  return path.startsWith('\0');
}

/** In the same folder, so that it can be renamed, and no longer than a path may be. */
function temporaryPathBeside(path: string): string {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const nameLength = Math.min(longestTemporaryName, longestPathBytes - Buffer.byteLength(folder));
  const name = randomBytes(longestTemporaryName).toString('hex');
  return folder + (nameLength === 1 ? name : `.${name}`).slice(0, nameLength);
}
