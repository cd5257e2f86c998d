import type { Endpoints } from '../../config/model/endpoints.ts';
import type { Discovery, DiscoveryEvents } from './discovery.ts';

export class StaticDiscovery implements Discovery {
  readonly #endpoints: Endpoints;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  start(events: DiscoveryEvents): void {
    events.onEndpoints(this.#endpoints);
    events.onFirstLoad();
  }

  stop(): void {
    // Nothing runs.
  }
}
