import { getSystemErrorMap } from 'node:util';

/** strerror(3) where libuv words it differently, since logs and details carry the system's words. */
const texts: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  EMFILE: 'Too many open files',
  ENOENT: 'No such file or directory',
  ENETUNREACH: 'Network is unreachable',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
};

/** `ECONNREFUSED` → `Connection refused`. An error without a system code keeps its message. */
export function toSystemErrorText(error: NodeJS.ErrnoException): string {
  const known = error.code === undefined ? undefined : texts[error.code];
  if (known !== undefined) return known;
  const entry = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno);
  return entry === undefined ? error.message : entry[1];
}
