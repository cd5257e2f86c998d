import { textAnswer, type AdminEndpoint } from './admin-server.ts';

/** What the admin may do to the proxy. */
export interface ProxyControl {
  failHealthCheck(isFailed: boolean): void;
  /**
   * Connections are told to end over the drain time; none is cut. Listening stops at once, with `isGraceful` at the end
   * of that time, with `skipExit` never.
   */
  drainListeners(options: {
    readonly isGraceful: boolean;
    readonly inboundOnly: boolean;
    readonly skipExit: boolean;
  }): void;
  quit(): void;
  reopenLogs(): void;
  /** Undefined when there is no such level. */
  setLogLevel(level: string): string | undefined;
  readonly logLevel: string;
}

/** The POST paths of the admin interface. */
export function createControlEndpoints(control: ProxyControl): AdminEndpoint[] {
  const ok = textAnswer('OK\n');
  return [
    {
      path: '/healthcheck/fail',
      help: 'make the proxy fail the health checks of its clients, and drain',
      isMutating: true,
      handle() {
        control.failHealthCheck(true);
        return ok;
      },
    },
    {
      path: '/healthcheck/ok',
      help: 'end /healthcheck/fail',
      isMutating: true,
      handle() {
        control.failHealthCheck(false);
        return ok;
      },
    },
    {
      path: '/drain_listeners',
      help: 'drain connections and stop listening (?graceful: when they had their time, ?skip_exit: never, ?inboundonly)',
      isMutating: true,
      handle(query) {
        control.drainListeners({
          isGraceful: query.has('graceful'),
          inboundOnly: query.has('inboundonly'),
          skipExit: query.has('skip_exit'),
        });
        return ok;
      },
    },
    {
      path: '/quitquitquit',
      help: 'end the process',
      isMutating: true,
      handle() {
        control.quit();
        return ok;
      },
    },
    {
      path: '/reopen_logs',
      help: 'open the access log files again, after they were moved',
      isMutating: true,
      handle() {
        control.reopenLogs();
        return ok;
      },
    },
    {
      path: '/logging',
      help: 'print the log level, or set it (?level=debug)',
      isMutating: true,
      handle(query) {
        const level = query.get('level');
        if (level !== null && control.setLogLevel(level) === undefined) {
          return textAnswer(
            `unknown level '${level}': trace, debug, info, warn (warning), error, critical, off\n`,
            400,
          );
        }
        if (level === null && query.size > 0) return textAnswer('usage: /logging?level=<level>\n', 400);
        return textAnswer(`active loggers:\n  all: ${control.logLevel}\n`);
      },
    },
  ];
}
