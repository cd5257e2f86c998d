import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What the kernel says of a process (proc(5)). */
export interface ProcessFigures {
  readonly rssBytes: number;
  readonly threadCount: number;
  readonly descriptorCount: number;
  /** Sockets of every kind that do not listen. */
  readonly socketCount: number;
  /** TCP sockets that listen: one for each worker and address. */
  readonly listeningCount: number;
}

/** `listening`: see `readListeningInodes`. Throws when the process has ended. */
export function readProcessFigures(pid: number, listening: ReadonlySet<string>): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const targets = readDescriptors(pid);
  const inodes = targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  const listeningCount = inodes.filter((inode) => listening.has(inode)).length;
  return {
    rssBytes: parseStatusNumber(status, 'VmRSS') * 1024,
    threadCount: parseStatusNumber(status, 'Threads'),
    descriptorCount: targets.length,
    socketCount: inodes.length - listeningCount,
    listeningCount,
  };
}

/** Sockets of the machine that listen, by inode. Costs as much as the machine has connections: once for many processes. */
export function readListeningInodes(): ReadonlySet<string> {
  return new Set(
    ['tcp', 'tcp6'].flatMap((table) => parseListeningInodes(readFileSync(`/proc/net/${table}`, 'utf8'))),
  );
}

/** What each descriptor points to: `socket:[4711]`, `/dev/null`, `anon_inode:[eventpoll]`. */
function readDescriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      return []; // closed since the folder was read
    }
  });
}

/** A number of `/proc/<pid>/status`; 0 for a process that has ended and is only waited for. */
export function parseStatusNumber(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}

/** Inodes of the sockets of `/proc/net/tcp` that listen (state 0A). */
export function parseListeningInodes(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[3] === '0A' && fields[9] !== undefined ? [fields[9]] : [];
    });
}
