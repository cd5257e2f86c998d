import type { AttackSockets } from './attack-sockets.ts';

/**
 * Whom an attack goes at: a proxy that takes `host`'s paths under `/abuse/` to an `abuse-upstream.ts` and those under
 * `/abuse-http2/` to an `http2-abuse-upstream.ts`.
 */
export interface AttackTarget {
  readonly port: number;
  readonly host: string;
}

/** A kind of client that no proxy should suffer from. */
export interface Attack {
  readonly name: string;
  readonly summary: string;
  /** How many connections it has at a time, at full strength. */
  readonly connections: number;
  /** Statistics, without what stands before them in a name: one of them counts that the proxy has noticed. */
  readonly noticedBy?: readonly string[];
  /** What well-behaved clients ask for meanwhile; `/` unless given. */
  readonly othersPath?: string;
  /** Begins and returns at once. It goes on until `sockets` is closed, which is all that ends it. */
  start(target: AttackTarget, sockets: AttackSockets, connections: number): void;
}
