/**
 * A rule of HTTP/1.1 as a test case: bytes that a client sends, bytes that the upstream answers, and what may come
 * of it. A proxy keeps the rule when what was seen fits one of the `outcomes`, however the bytes were cut.
 */
export interface Rule {
  /** Unique; words with dashes. */
  readonly id: string;
  /** Where the demand stands, such as `9112 5.1`. */
  readonly section: string;
  readonly level: Level;
  /** The demand in our words. */
  readonly demand: string;
  /** What the client sends, in latin1. */
  readonly request: string;
  /** Sent when the first informational answer is there. */
  readonly afterInformational?: string;
  /** Sent when the first final answer is there. */
  readonly next?: string;
  /** Sent once an answer switched protocols. */
  readonly afterSwitch?: string;
  /** The client sends FIN behind its bytes. */
  readonly endsAfterRequest?: boolean;
  /** Answers of the upstream in order of the requests; further ones, and those of other rules, are `okAnswer`. */
  readonly answers?: readonly UpstreamAnswer[];
  readonly outcomes: readonly Outcome[];
  /** HTTP/1.0 is switched on, where a proxy has a switch for it. */
  readonly acceptsHttp10?: boolean;
}

/** MUST and MUST NOT; SHOULD and SHOULD NOT; what the RFC leaves open, where the outcomes are all that it allows. */
export type Level = 'MUST' | 'SHOULD' | 'MAY';

export interface UpstreamAnswer {
  readonly bytes: string;
  /** Before the request is complete. */
  readonly isEarly?: boolean;
  /** FIN behind the bytes. */
  readonly closes?: boolean;
}

/** Everything that is named must be so; what is not named does not matter. */
export interface Outcome {
  /** Complete requests that the upstream saw, in order, and no others. */
  readonly requests?: readonly ExpectedRequest[];
  /** Complete final answers that the client got, in order, and no others. */
  readonly answers?: readonly ExpectedAnswer[];
  /** Informational answers that the client got. */
  readonly informational?: readonly number[];
  /** The proxy closed the client's connection, or said that it will and took no further request. */
  readonly closes?: boolean;
  /** The client got the beginning of an answer, and its connection ended before the answer did. */
  readonly isAnswerCut?: boolean;
  /** Bytes after a switch of protocols, as the upstream and as the client got them. */
  readonly tunnelUp?: string;
  readonly tunnelDown?: string;
}

export interface ExpectedFields {
  /** Name → value; of several lines, joined by `, `. A list allows each. */
  readonly has?: Readonly<Record<string, string | readonly string[]>>;
  /** In either section. */
  readonly lacks?: readonly string[];
  /** There, with whatever value. */
  readonly present?: readonly string[];
  readonly lacksTrailers?: readonly string[];
}

export interface ExpectedRequest extends ExpectedFields {
  readonly method?: string;
  readonly target?: string | readonly string[];
  readonly body?: string;
  /** On a connection that no earlier request of this rule used. */
  readonly isOnNewConnection?: boolean;
}

export interface ExpectedAnswer extends ExpectedFields {
  readonly status: number | readonly number[];
  readonly body?: string;
}

export const okHead = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n';
export const okAnswer = `${okHead}ok`;
