/** What is measured of a process. */
export type SeriesName =
  | 'rss'
  | 'heap'
  | 'external'
  | 'descriptors'
  | 'sockets'
  | 'listening'
  | 'threads'
  | 'timers'
  | 'statistics'
  | 'clusters'
  | 'hosts'
  | 'listeners'
  | 'streams';

/** How much a series may rise between points at which the mesh holds the same. */
export interface SeriesRule {
  readonly unit: 'MiB' | 'count';
  /** Whatever the time: what is no leak may come late once. */
  readonly once: number;
  readonly perHour: number;
  /** The same mesh, the same number: a single step that lasts is a leak. */
  readonly isExact: boolean;
  /** The start is never judged: a process takes memory as it warms up. */
  readonly warmUpMinutes: number;
  /** Says nothing about a process that was started anew meanwhile: its age decides. */
  readonly growsWithAge: boolean;
  readonly reason: string;
}

const count = (once: number, reason: string): SeriesRule => ({
  unit: 'count',
  once,
  perHour: 0,
  isExact: false,
  warmUpMinutes: 0,
  growsWithAge: false,
  reason,
});

const exact = (reason: string): SeriesRule => ({ ...count(0, reason), isExact: true });

const memory = (once: number, perHour: number, warmUpMinutes: number, reason: string): SeriesRule => ({
  ...count(once, reason),
  unit: 'MiB',
  perHour,
  warmUpMinutes,
  growsWithAge: true,
});

export const seriesRules: Readonly<Record<SeriesName, SeriesRule>> = {
  rss: memory(10, 8, 5, 'the heap grows in steps of some MiB, fragments, and gives back late'),
  heap: memory(6, 4, 5, 'a sample sees what the last collection left and what came since'),
  external: memory(2, 1, 0, 'buffers wait for the collection of their objects'),
  descriptors: count(3, 'a connection of a pool is open or not; one that is lost in each round is many'),
  sockets: count(3, 'a connection of a pool is open or not; one that is lost in each round is many'),
  listening: exact('one socket for each worker and address'),
  threads: exact('threads are started at the start'),
  timers: count(8, 'some for each connection of a pool'),
  statistics: {
    ...count(20, 'what counts something rare is made when it happens first; a name for each round is more'),
    warmUpMinutes: 2,
  },
  clusters: exact('the mesh is the same'),
  hosts: exact('the mesh is the same'),
  listeners: exact('the mesh is the same'),
  streams: count(1, 'the stream of a peer that vanished is noticed late'),
};
