export interface MessageReading {
  /** Method of a request, status of an answer. */
  readonly start: string;
  /** Of a request; empty for answers. */
  readonly target: string;
  /** `name: value` of the fields whose names begin with `x-`, but those that `Connection` names. */
  readonly values: readonly string[];
  readonly body: string;
}

/** What a parser made of some bytes. */
export interface Reading {
  /** Complete messages, in order. */
  readonly messages: MessageReading[];
  /** The parser's word for what it refused; empty when it refused nothing. */
  error: string;
}

/** Codecs take a target apart, so that only the origin form compares. */
export function isSameMessage(ours: MessageReading, theirs: MessageReading): boolean {
  return (
    ours.start === theirs.start &&
    ours.body === theirs.body &&
    ours.values.join('\n') === theirs.values.join('\n') &&
    (ours.target === theirs.target || !theirs.target.startsWith('/'))
  );
}
