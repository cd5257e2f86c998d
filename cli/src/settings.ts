/** What the command takes from its environment. */
export interface CliSettings {
  /** HEDDLE_SERVER: REST address of a control plane. */
  readonly server: string;
  /** NO_COLOR is set (https://no-color.org), or the terminal is dumb. */
  readonly isColorRefused: boolean;
  /** Handed on to the processes that `up` and `demo` start. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const defaultServer = 'http://127.0.0.1:8600';

export function readSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CliSettings {
  const { HEDDLE_SERVER: server, NO_COLOR: noColor, TERM: term } = environment;
  return {
    server: server === undefined || server === '' ? defaultServer : server,
    isColorRefused: (noColor !== undefined && noColor !== '') || term === 'dumb',
    environment,
  };
}
