import { resourceTypes, type MatrixClient, type ResourceType } from './matrix-client.ts';

/** What clients had refused before something, by their own counters. */
export class RejectedCounts {
  readonly #counts: ReadonlyMap<string, number>;

  private constructor(counts: ReadonlyMap<string, number>) {
    this.#counts = counts;
  }

  static async of({ clients }: { readonly clients: readonly MatrixClient[] }): Promise<RejectedCounts> {
    const counts = new Map<string, number>();
    for (const client of clients)
      for (const type of resourceTypes)
        counts.set(`${client.node} ${type}`, await client.rejectedCount(type));
    return new RejectedCounts(counts);
  }

  async hasGrown(client: MatrixClient, type: ResourceType): Promise<boolean> {
    return (await client.rejectedCount(type)) > (this.#counts.get(`${client.node} ${type}`) ?? 0);
  }
}
