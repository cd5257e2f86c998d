import type { MatrixClient, ResourceType } from './matrix-client.ts';

/** What happens to a resource, in the order in which the run lets it happen. */
export const resourceEvents = ['add', 'update', 'remove', 'NACK', 'reconnect'] as const;
export type ResourceEvent = (typeof resourceEvents)[number];

export type Cell =
  | { readonly kind: 'seen' }
  /** It cannot happen. */
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface Row {
  readonly program: string;
  readonly variant: string;
}

/** What the run has seen, by client, type and event. */
export class Cells {
  readonly #rows = new Map<string, Row>();
  readonly #cells = new Map<string, Cell>();

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  addRow({ program, variant }: Row): void {
    this.#rows.set(`${program} ${variant}`, { program, variant });
  }

  set(client: Row, type: ResourceType, event: ResourceEvent, cell: Cell): void {
    const key = keyOf(client, type, event);
    // What failed once has failed.
    if (this.#cells.get(key)?.kind !== 'failed') this.#cells.set(key, cell);
  }

  get(client: Row, type: ResourceType, event: ResourceEvent): Cell | undefined {
    return this.#cells.get(keyOf(client, type, event));
  }

  failures(): string[] {
    return [...this.#cells].flatMap(([key, cell]) => (cell.kind === 'failed' ? `${key}: ${cell.why}` : []));
  }
}

function keyOf({ program, variant }: Row, type: ResourceType, event: ResourceEvent): string {
  return `${program}, ${variant}: ${type} ${event}`;
}

/** What cannot happen to some clients, and why. */
export function reasonAgainst(
  { kind, variant }: MatrixClient,
  type: ResourceType,
  event: ResourceEvent,
): string | undefined {
  if (type === 'SDS' && kind === 'grpc')
    return 'gRPC has no SDS: certificates come from the providers of its bootstrap';
  if (type === 'LDS' && event === 'update' && kind === 'grpc')
    return 'an API listener holds nothing that changes; changes are in its routes';
  if (event === 'NACK' && variant === 'REST polling')
    return 'Envoy does not say so when it polls: it keeps what it has, counts, and asks again, as the run has seen';
  return undefined;
}
