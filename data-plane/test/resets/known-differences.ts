import type { Outcome } from './subject.ts';

interface Difference {
  readonly why: string;
  /** What stands in our line instead. */
  readonly line?: string;
  /** What ours count more than Envoy, or less. */
  readonly moved?: Readonly<Record<string, number>>;
}

const ownWords = "details have our words for what broke the protocol; those of Envoy are its library's";
const tooManyFields =
  'a message that breaks a limit is an error of whoever sent it, as everything that is refused';

/** By the name of the case. */
const differences: Readonly<Record<string, Difference>> = {
  'the server refuses a request whose content is under way': {
    why: 'we ask thrice more: the server says that it has done nothing',
    moved: { 'cluster.up.http2.rx_reset': 3, 'cluster.up.upstream_rq_retry': 3 },
  },
  'the server sends more than content-length': {
    why: 'a broken message as any other',
    moved: { 'cluster.up.http2.rx_messaging_error': 1 },
  },
  'the server opens a window by nothing': {
    why: 'an error of the stream (RFC 9113, 6.9); Envoy ends the connection',
    moved: { 'cluster.up.http2.tx_reset': 1 },
  },
  'the client resets with noError': {
    why: 'a request that was broken off, whatever its code; Envoy leaves flags and details empty',
    line: '0 DR http2.remote_reset',
  },
  'the client opens a window by nothing': {
    why: `an error of the stream (RFC 9113, 6.9); Envoy ends the connection; ${ownWords}`,
    line: '0 DPE a window update of nothing',
    moved: { 'http2.tx_reset': 1 },
  },
  'the client has a second head': { why: ownWords, line: '0 DPE a second head' },
  'the client has fields in trailers that no trailer has': {
    why: ownWords,
    line: '0 DPE a pseudo-header in trailers',
  },
  'the client breaks the connection': {
    why: ownWords,
    line: '0 DPE a frame on a stream that its type cannot have',
  },
  'the server has an answer with too many fields': {
    why: tooManyFields,
    line: '502 UPE upstream_reset_before_response_started{protocol_error}',
    moved: { 'cluster.up.upstream_rq_rx_reset': -1, 'cluster.up.upstream_rq_tx_reset': 1 },
  },
  'the server has trailers with too many fields': {
    why: tooManyFields,
    line: '200 UPE upstream_reset_after_response_started{protocol_error}',
    moved: { 'cluster.up.upstream_rq_rx_reset': -1, 'cluster.up.upstream_rq_tx_reset': 1 },
  },
  'the client has trailers with too many fields': {
    why: tooManyFields,
    line: '0 DPE trailers that are too large',
  },
};

/** What ours has to come to, where Envoy comes to `expected`. @throws Error for a difference of no case */
export function withDifferences(expected: Readonly<Record<string, Outcome>>): Record<string, Outcome> {
  const outcomes: Record<string, Outcome> = { ...expected };
  for (const [name, { line, moved = {} }] of Object.entries(differences)) {
    const theirs = expected[name];
    if (theirs === undefined) throw new Error(`there is no case ${name}`);
    const sums = { ...theirs.moved };
    for (const [statistic, change] of Object.entries(moved)) {
      sums[statistic] = (sums[statistic] ?? 0) + change;
    }
    const counted = Object.entries(sums).filter(([, sum]) => sum !== 0);
    outcomes[name] = { line: line ?? theirs.line, moved: Object.fromEntries(counted) };
  }
  return outcomes;
}
