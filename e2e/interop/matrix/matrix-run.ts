import { until } from '../../harness/harness.ts';
import type { ControlPlane } from '../../harness/parts.ts';
import { reasonAgainst, type Cells, type ResourceEvent } from './cells.ts';
import { readStates, type ResourceState, type StateOf } from './client-states.ts';
import type { MatrixClient, ResourceType } from './matrix-client.ts';

const limitMs = 20_000;

/** One look at a client: `undefined` when all is as it should be, else what is not. */
export type Look = () => Promise<string | undefined>;

/** The clients of one mesh, and what is written down about them. */
export class MatrixRun {
  readonly clients: readonly MatrixClient[];
  readonly controlPlane: ControlPlane;
  readonly cells: Cells;
  #states: Promise<StateOf> | undefined;

  constructor(clients: readonly MatrixClient[], controlPlane: ControlPlane, cells: Cells) {
    this.clients = clients;
    this.controlPlane = controlPlane;
    this.cells = cells;
    for (const client of clients) cells.addRow(client);
  }

  /** Looks at every client until all is well with it or its time is over, and fills the cells of those types. */
  async observe(
    types: readonly ResourceType[],
    event: ResourceEvent,
    lookOf: (client: MatrixClient) => Look | undefined,
  ): Promise<void> {
    await Promise.all(this.clients.map((client) => this.#observeOne(client, types, event, lookOf(client))));
  }

  async #observeOne(
    client: MatrixClient,
    types: readonly ResourceType[],
    event: ResourceEvent,
    look: Look | undefined,
  ): Promise<void> {
    const why = look === undefined ? undefined : await untilWell(look);
    for (const type of types) {
      const reason = reasonAgainst(client, type, event);
      if (why !== undefined) this.cells.set(client, type, event, { kind: 'failed', why });
      else if (reason !== undefined) this.cells.set(client, type, event, { kind: 'none', reason });
      else if (look !== undefined) this.cells.set(client, type, event, { kind: 'seen' });
    }
  }

  /** Looks that come while one is under way share what it finds. */
  async stateOf(client: MatrixClient, type: ResourceType, service: string): Promise<ResourceState> {
    this.#states ??= readStates(this.controlPlane).finally(() => (this.#states = undefined));
    return (await this.#states)(client, type, service);
  }

  /** Types of the service that the client has not acknowledged in their present version. */
  async unsynced(
    client: MatrixClient,
    types: readonly ResourceType[],
    service: string,
  ): Promise<string | undefined> {
    for (const type of types) {
      if (reasonAgainst(client, type, 'add') !== undefined) continue;
      const { status } = await this.stateOf(client, type, service);
      if (status !== 'SYNCED') return `${type} of ${service} is ${status ?? 'unknown'}`;
    }
    return undefined;
  }
}

async function untilWell(look: Look): Promise<string | undefined> {
  let why: string | undefined = 'nobody has looked';
  const isWell = async (): Promise<boolean> => {
    try {
      why = await look();
    } catch (thrown) {
      why = String(thrown);
    }
    return why === undefined;
  };
  await until('all is well', isWell, limitMs).catch(() => undefined);
  return why;
}

/** Whether calls come to those instances and no others, as far as a few calls tell. */
export async function answeredBy(
  client: MatrixClient,
  service: string,
  names: readonly string[],
  version?: string,
): Promise<string | undefined> {
  const outcomes = new Set<string>();
  for (let index = 0; index < callCount; index++) outcomes.add(await client.call(service, version));
  return compare(client, service, outcomes, names);
}

const callCount = 6;

/** Whether a call over the service's own listener comes to the instance. */
export async function answeredAt(
  client: MatrixClient,
  port: number,
  service: string,
  name: string,
): Promise<string | undefined> {
  return compare(client, `${service} at ${port}`, new Set([await client.callAt(port, service)]), [name]);
}

function compare(
  { kind }: MatrixClient,
  what: string,
  outcomes: ReadonlySet<string>,
  names: readonly string[],
): string | undefined {
  const seen = [...outcomes].sort();
  const expected = kind === 'raw' ? ['resources'] : [...names].sort();
  return seen.join() === expected.join()
    ? undefined
    : `${what} is answered by ${seen.join()}, not ${expected.join()}`;
}

/** Whether calls fail. */
export async function unanswered(client: MatrixClient, service: string): Promise<string | undefined> {
  const outcome = await client.call(service);
  return outcome.startsWith('!') ? undefined : `${service} is answered by ${outcome}`;
}
