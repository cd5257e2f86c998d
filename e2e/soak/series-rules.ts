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
  /** The start is never judged: a process takes memory as it warms up. */
  readonly warmUpMinutes: number;
  /** Says nothing about a process that was started anew meanwhile: its age decides. */
  readonly growsWithAge: boolean;
  readonly reason: string;
}

const exact = (reason: string): SeriesRule => ({
  unit: 'count',
  once: 0,
  perHour: 0,
  warmUpMinutes: 0,
  growsWithAge: false,
  reason,
});

export const seriesRules: Readonly<Record<SeriesName, SeriesRule>> = {
  rss: {
    unit: 'MiB',
    once: 16,
    perHour: 12,
    warmUpMinutes: 5,
    growsWithAge: true,
    reason: 'the heap grows in steps of some MiB, fragments, and gives back late',
  },
  heap: {
    unit: 'MiB',
    once: 8,
    perHour: 6,
    warmUpMinutes: 5,
    growsWithAge: true,
    reason: 'a sample sees what the last collection left and what came since',
  },
  external: {
    unit: 'MiB',
    once: 2,
    perHour: 1,
    warmUpMinutes: 0,
    growsWithAge: true,
    reason: 'buffers wait for the collection of their objects',
  },
  descriptors: {
    ...exact('a connection of a pool may be open or not; a descriptor that is lost in each round is many'),
    once: 4,
  },
  sockets: { ...exact('as descriptors'), once: 4 },
  listening: exact('one socket for each worker and address'),
  threads: exact('threads are started at the start'),
  timers: { ...exact('one more for each connection of a pool'), once: 8 },
  statistics: {
    ...exact('a name that counts something rare is made when it happens first'),
    once: 8,
  },
  clusters: exact('the mesh is the same'),
  hosts: exact('the mesh is the same'),
  listeners: exact('the mesh is the same'),
  streams: { ...exact('a stream of a peer that vanished is noticed late'), once: 1 },
};
