/** A proxy under test: listens on `port`, forwards everything to `upstreamPort`, both on 127.0.0.1. */
export interface Proxy {
  readonly name: string;
  /** Path of the program; undefined: this machine does not have it. */
  readonly program: string | undefined;
  /** Writes what it needs into `folder` and returns its command line. */
  prepare(folder: string, ports: ProxyPorts): readonly [string, ...string[]];
}

export interface ProxyPorts {
  readonly port: number;
  readonly upstreamPort: number;
  readonly adminPort: number;
}
