import { targetsOf } from '../changes/run-under-load.ts';
import { markerHeader } from '../load/marker.ts';
import { startSocketLoad, type SocketLoad, type SocketLoadReport } from '../load/socket-load.ts';
import type { SoakMesh } from './soak-mesh.ts';

/** Requests per second through the sidecars that run all the time, and through the doomed one. */
const steadyRate = 250;
const doomedRate = 40;

export interface LoadTotals {
  readonly requests: number;
  readonly failed: number;
  readonly socketsClosed: number;
}

const none: LoadTotals = { requests: 0, failed: 0, socketsClosed: 0 };

/** Load through all sidecars; that through the doomed one can end and begin again. */
export class SoakLoad {
  readonly #mesh: SoakMesh;
  readonly #context: () => string;
  readonly #steady: SocketLoad;
  #doomed: SocketLoad | undefined;
  /** Of the loads through earlier starts of the doomed sidecar. */
  #ended = none;
  readonly #endedEvents: string[] = [];

  constructor(mesh: SoakMesh, context: () => string) {
    this.#mesh = mesh;
    this.#context = context;
    const surroundings = { ...mesh, extraServices: [], ownPorts: mesh.loadedPorts };
    this.#steady = startSocketLoad({
      targets: mesh.sidecars.flatMap((sidecar) => targetsOf(sidecar, surroundings)),
      requestsPerSecond: steadyRate,
      markerHeader,
      context,
    });
    this.startDoomed();
  }

  startDoomed(): void {
    const { outboundPort, listenAddress } = this.#mesh.doomed;
    this.#doomed = startSocketLoad({
      targets: this.#mesh.keptServices.map((host) => ({
        name: `doomed → ${host}`,
        address: listenAddress,
        port: outboundPort,
        host,
        connections: 2,
      })),
      requestsPerSecond: doomedRate,
      markerHeader,
      context: this.#context,
    });
  }

  async stopDoomed(): Promise<void> {
    const report = await this.#doomed?.stop();
    this.#doomed = undefined;
    if (report === undefined) return;
    this.#ended = add(this.#ended, report);
    this.#endedEvents.push(...report.events);
  }

  /** No further requests until `resume`, while connections stay open. */
  async pause(): Promise<void> {
    await Promise.all(this.#loads().map((load) => load.pause()));
  }

  resume(): void {
    for (const load of this.#loads()) load.resume();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([this.#steady.stop(), this.stopDoomed()]);
  }

  /** Connections whose last answer was given under another configuration than that of the mark. */
  staleConnections(mark: string): string[] {
    return this.#loads().flatMap((load) =>
      load.report().markers.flatMap(({ target, marker }) => (marker === mark ? [] : [target])),
    );
  }

  totals(): LoadTotals {
    return this.#loads().reduce((sum, load) => add(sum, load.report()), this.#ended);
  }

  /** One line for each failed request and closed connection; the first ones. */
  events(): string[] {
    return [...this.#endedEvents, ...this.#loads().flatMap((load) => load.report().events)];
  }

  #loads(): SocketLoad[] {
    return this.#doomed === undefined ? [this.#steady] : [this.#steady, this.#doomed];
  }
}

function add(a: LoadTotals, b: LoadTotals | SocketLoadReport): LoadTotals {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    socketsClosed: a.socketsClosed + b.socketsClosed,
  };
}
