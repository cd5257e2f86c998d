import type { ConnectTarget } from '../../transport/transport-socket-options.ts';
import type { CheckResult } from './health-state.ts';

/** Where a check goes, as of its start. */
export interface ProbeTarget {
  readonly host: ConnectTarget;
  /** The endpoint's own host name for checks; empty = the checker's. */
  readonly checkHostname: string;
}

/** Checks one host; keeps a connection from one check to the next where that is allowed. */
export interface HealthProbe {
  /** `onResult` follows exactly once, unless `abort` comes first. No second check while one runs. */
  check(target: ProbeTarget, onResult: (result: CheckResult) => void): void;
  /** Ends the running check without a result (it timed out, or the host left) and drops the connection. */
  abort(): void;
}

/**
 * The session's time-out covers connecting, and knows when it fires late; a connect time-out of the connection does
 * not, and would end a check that a busy thread held up.
 */
export const probeConnectTimeoutMs = 24 * 3_600_000;

export const networkFailure: CheckResult = {
  kind: 'failure',
  type: 'network',
  isRetriable: false,
  isExcluding: false,
};

export const timeoutFailure: CheckResult = {
  kind: 'failure',
  type: 'network-timeout',
  isRetriable: false,
  isExcluding: false,
};
