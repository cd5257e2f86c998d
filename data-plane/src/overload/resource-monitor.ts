/** One resource of the process or of a worker that can run out. Asked a few times a second. */
export interface ResourceMonitor {
  readonly name: MonitorName;
  /** So little is left that no further connection should come. */
  isExhausted(): boolean;
  /** So much is free again that connections may come. Asked only after `isExhausted` was true. */
  isRelieved(): boolean;
  /** For people: what is used, of how much. */
  describe(): string;
}

export type MonitorName = 'descriptors' | 'worker_heap';
