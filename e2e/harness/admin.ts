import { call } from './http-call.ts';

/** The admin interface of a sidecar or of a real Envoy: both have the same paths and names. */
export interface Admin {
  readonly port: number;
  isReady(): Promise<boolean>;
  /** Counters and gauges whose name contains `part`. */
  stats(part: string): Promise<ReadonlyMap<string, number>>;
  /** 0 when there is no such statistic. */
  stat(name: string): Promise<number>;
  /** Connections that each worker took on the listener of `port`, by the number of the worker. */
  connectionsByWorker(port: number): Promise<ReadonlyMap<number, number>>;
  /** `/clusters` as lines `name::host::key::value`. */
  clusterLines(): Promise<readonly string[]>;
}

export function createAdmin(port: number): Admin {
  async function stats(part: string): Promise<ReadonlyMap<string, number>> {
    const { body } = await call(port, '/stats');
    const found = new Map<string, number>();
    for (const line of body.split('\n')) {
      const split = line.lastIndexOf(': ');
      const value = Number(line.slice(split + 2));
      if (split > 0 && line.slice(0, split).includes(part) && Number.isFinite(value)) {
        found.set(line.slice(0, split), value);
      }
    }
    return found;
  }
  return {
    port,
    async isReady() {
      return (await call(port, '/ready')).status === 200;
    },
    stats,
    async stat(name) {
      return (await stats(name)).get(name) ?? 0;
    },
    async connectionsByWorker(listenerPort) {
      const pattern = new RegExp(`^listener\\..*_${listenerPort}\\.worker_(\\d+)\\.downstream_cx_total$`);
      const byWorker = new Map<number, number>();
      for (const [name, value] of await stats('downstream_cx_total')) {
        const worker = pattern.exec(name)?.[1];
        if (worker !== undefined) byWorker.set(Number(worker), value);
      }
      return byWorker;
    },
    async clusterLines() {
      return (await call(port, '/clusters')).body.split('\n').filter((line) => line !== '');
    },
  };
}
