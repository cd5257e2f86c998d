/** What signals do to what serves. */
export interface Endable {
  /** Ends, in order, without waiting for anybody. */
  quit(): void;
  reopenLogs(): void;
}

export interface EndSwitch {
  /** From now on there is something to end. */
  connect(served: Endable): void;
}

interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * Signals as Envoy takes them: SIGTERM and SIGINT end at once, and with 0, SIGUSR1 opens the logs anew, SIGHUP does
 * nothing. While nothing serves yet there is nothing to do in order.
 */
export function createEndSwitch(source: SignalSource): EndSwitch {
  let served: Endable | undefined;
  const end = (): void => {
    if (served === undefined) source.exit(0);
    else served.quit();
  };
  source.on('SIGTERM', end);
  source.on('SIGINT', end);
  source.on('SIGUSR1', () => served?.reopenLogs());
  source.on('SIGHUP', () => undefined);
  return {
    connect(started) {
      served = started;
    },
  };
}
