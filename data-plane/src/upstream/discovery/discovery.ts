import type { Endpoints } from '../../config/model/endpoints.ts';

/** Where the hosts of one cluster object come from. */
export interface Discovery {
  /** Begins; events may come before it returns. Called once. */
  start(events: DiscoveryEvents): void;
  /** Nothing is called afterwards. */
  stop(): void;
}

export interface DiscoveryEvents {
  /** The complete list as of now; every address is an IP. */
  onEndpoints(endpoints: Endpoints): void;
  /**
   * The first attempt has ended, well or not: with what was found so far the cluster may go on warming. Exactly
   * once, after the endpoints of that attempt.
   */
  onFirstLoad(): void;
}
