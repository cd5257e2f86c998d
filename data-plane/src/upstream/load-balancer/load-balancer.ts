/** What a policy knows of a host. Implemented by the worker's hosts. */
export interface Candidate {
  readonly weight: number;
  /** Requests that are open on it, over all workers. */
  activeRequestCount(): number;
  /** Monotonic ms since when it may be slow-starting: joined, or passed a health check after failing. */
  readonly healthySinceMs: number;
}

/** Proposes hosts of one list. Built when the list changes, then asked once per attempt. */
export interface Picker<H extends Candidate> {
  /** `random`: the pick's own number, uniform in [0, 2^32). */
  pick(random: number): H;
}

/**
 * A load-balancing policy: makes a picker for a list of hosts. What must survive a change of the list (the place of
 * a rotation) is kept under `source`, the name of the list: `0/healthy`, `1/all`, `0/healthy/2` (a locality).
 */
export interface LoadBalancer<H extends Candidate> {
  /** `hosts` is not empty, and not changed afterwards. */
  createPicker(source: string, hosts: readonly H[]): Picker<H>;
}

export function haveEqualWeights(hosts: readonly Candidate[]): boolean {
  const first = hosts[0]?.weight;
  return hosts.every((host) => host.weight === first);
}
