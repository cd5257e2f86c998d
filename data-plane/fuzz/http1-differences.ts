import type { Reading } from './reading.ts';

/**
 * - `stricter`: llhttp understood a message that we refused, or did not see as complete.
 * - `looser`: the other way round.
 * - `later`: llhttp refused what we still wait for the end of.
 * - `read-differently`: both understood a message, and not the same. Never explained.
 */
export type DifferenceKind = 'stricter' | 'looser' | 'later' | 'read-differently';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly isRequest: boolean;
  readonly input: string;
  readonly ours: Reading;
  readonly theirs: Reading;
}

interface Entry {
  readonly name: string;
  readonly why: string;
  readonly kind: DifferenceKind;
  applies(difference: Difference): boolean;
}

function refusesWith(...details: readonly string[]): (difference: Difference) => boolean {
  return ({ ours }) => details.includes(ours.error);
}

function malformedWith(pattern: RegExp): (difference: Difference) => boolean {
  return ({ ours, input }) => ours.error === 'http1.codec_error' && pattern.test(input);
}

const hasBadHost =
  /(^|\n)host:[ \t]*([^\r\n]*[@ "<>/\\^`{|}\t\x7f-\xff][^\r\n]*|[^\r\n[]*:[^\r\n]*[^0-9\r\n][^\r\n]*|\[[^\r\n]*)\r/i;

const entries: readonly Entry[] = [
  {
    name: 'refused for a named rule',
    why: 'RFC 9112 3.2, 6.1, 6.3, 7; RFC 9110 7.6.1, 9.3.6: MUSTs that llhttp leaves to its caller.',
    kind: 'stricter',
    applies: refusesWith(
      'http1.invalid_url',
      'http1.invalid_scheme',
      'http1.invalid_transfer_encoding',
      'http1.transfer_encoding_not_allowed',
      'http1.connection_header_rejected',
      'http1.body_disallowed',
      'http1.unexpected_switching_protocols',
      'path_normalization_failed',
      'missing_host_header',
      'low_version',
    ),
  },
  {
    name: 'other versions',
    why: 'llhttp reads HTTP/2.0 over this framing; RFC 9110 15.6.6 has 505.',
    kind: 'stricter',
    applies: malformedWith(/HTTP\/2\.0/),
  },
  {
    name: 'several Hosts, or a malformed one',
    why: 'RFC 9112 3.2: 400; llhttp does not look at Host.',
    kind: 'stricter',
    applies: ({ ours, input }) =>
      ours.error === 'http1.codec_error' &&
      (hasBadHost.test(input) || /\nhost:[^\n]*\n(.*\n)*?host:/i.test(input)),
  },
  {
    name: 'methods that Envoy does not know',
    why: 'As Envoy: M-SEARCH and what mutations make of the others are 400.',
    kind: 'stricter',
    applies: malformedWith(/M-SEARCH /),
  },
  {
    name: 'several spaces before a target',
    why: 'RFC 9112 3: one SP; llhttp skips further ones.',
    kind: 'stricter',
    applies: malformedWith(/(^|\n|hello)[A-Z]+ {2,}/),
  },
  {
    name: 'the asterisk form belongs to OPTIONS',
    why: 'RFC 9112 3.2.4.',
    kind: 'stricter',
    applies: malformedWith(/(?!OPTIONS)[A-Z]{3,} \* /),
  },
  {
    name: 'control characters in a reason phrase, status codes out of range',
    why: 'RFC 9112 4, RFC 9110 15; llhttp takes any byte and any three digits.',
    kind: 'stricter',
    applies: ({ ours, isRequest, input }) =>
      !isRequest &&
      ours.error === 'http1.codec_error' &&
      (/^HTTP\/1\.\d (0|[6-9])/.test(input) ||
        /^HTTP\/1\.\d \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(input)),
  },
  {
    name: 'framing fields in trailers',
    why: 'RFC 9110 6.5.1: MUST NOT be sent; llhttp refuses them in requests, not always in answers.',
    kind: 'stricter',
    applies: malformedWith(/\n0+[^\n]*\r\n(.*\r\n)*?(transfer-encoding|content-length|host):/i),
  },
  {
    name: 'line ends before an answer',
    why: 'RFC 9112 2.2 allows them before requests only; llhttp skips them, and bare ones too.',
    kind: 'stricter',
    applies: malformedWith(/^[\r\n]/),
  },
  {
    name: 'chunk extensions are skipped, not parsed',
    why: 'RFC 9112 7.1.1: unknown ones MUST be ignored, and none is handed on; bad white space before one MUST be read.',
    kind: 'looser',
    applies: ({ input, theirs }) =>
      ['HPE_STRICT', 'HPE_INVALID_CHUNK_SIZE', 'HPE_INVALID_CONSTANT'].includes(theirs.error) &&
      /\n[0-9a-f]+[ \t]*;/i.test(input),
  },
  {
    name: 'a tab behind a coding',
    why: 'RFC 9110 5.5: white space around a value is SP or HTAB and no part of it.',
    kind: 'looser',
    applies: ({ input, theirs }) =>
      theirs.error === 'HPE_INVALID_TRANSFER_ENCODING' && /chunked *\t[ \t]*\r\n/i.test(input),
  },
  {
    name: 'framing of answers that have no body',
    why: 'RFC 9112 6.3: 1xx, 204 and 304 end with their head, whatever it says; the connection is not used again.',
    kind: 'looser',
    applies: ({ isRequest, input }) => !isRequest && /^HTTP\/1\.\d (1\d\d|204|304)/.test(input),
  },
  {
    name: 'a line is judged when it is complete',
    why: 'We refuse it with its end, its size or the time-out; llhttp at the byte.',
    kind: 'later',
    applies: ({ ours }) => ours.error === '',
  },
];

/** The name of the entry that means this difference; undefined when none does. */
export function explain(difference: Difference): string | undefined {
  if (difference.kind === 'read-differently') return undefined;
  return entries.find((entry) => entry.kind === difference.kind && entry.applies(difference))?.name;
}
