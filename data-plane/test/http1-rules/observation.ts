export type Field = readonly [name: string, value: string];

/** A message as a strict reader understood it. Names are in lower case. */
export interface SeenMessage {
  readonly startLine: string;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
}

export interface SeenRequest extends SeenMessage {
  /** Of the upstream's connections of this exchange, from 0. */
  readonly connection: number;
}

/** What came of an exchange, on both sides of the proxy. */
export interface Observation {
  /** Complete requests at the upstream. */
  readonly requests: readonly SeenRequest[];
  /** Complete final answers at the client. */
  readonly answers: readonly SeenMessage[];
  readonly informational: readonly number[];
  /** The client has bytes of an answer that is not complete. */
  readonly hasPartialAnswer: boolean;
  readonly isClosed: boolean;
  readonly tunnelUp: string;
  readonly tunnelDown: string;
  /** What the proxy wrote to the upstream, for each connection, and to the client. */
  readonly forwardedTexts: readonly string[];
  readonly answeredText: string;
  /** What the proxy wrote against the grammar; both sides. */
  readonly faults: readonly string[];
}

export function valueOf(fields: readonly Field[], name: string): string | undefined {
  const values = fields.filter(([given]) => given === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

export function statusOf(answer: SeenMessage): number {
  return Number(answer.startLine.slice(9, 12));
}
