import type { Http2Reading, StreamReading } from './reading.ts';

/**
 * - `stricter`: nghttp2 understood a message that we did not.
 * - `looser`: the other way round.
 * - `read-differently`: both understood it, and not the same.
 * - `reset-differently`: of what the peer reset, or will not answer, only one has heard.
 * - `only-we-refuse`, `only-they-refuse`: a message that is not complete, or the connection.
 * - `other-error`: both refuse the same with another code.
 */
export type DifferenceKind =
  | 'stricter'
  | 'looser'
  | 'read-differently'
  | 'reset-differently'
  | 'only-we-refuse'
  | 'only-they-refuse'
  | 'other-error';

/** Where two readers part: at a stream, or, with 0, at the connection. */
export interface Parting {
  readonly kind: DifferenceKind;
  readonly streamId: number;
}

/**
 * Everything in which they differ. Who gave up the connection alone says nothing more of its streams: that is the
 * difference, besides what both read before.
 */
export function compareReadings(ours: Http2Reading, theirs: Http2Reading): Parting[] {
  const ids = [...new Set([...ours.streams.keys(), ...theirs.streams.keys()])].toSorted((a, b) => a - b);
  const partings = ids.flatMap((streamId) => {
    const kind = compareStreams(ours.streams.get(streamId), theirs.streams.get(streamId));
    return kind === undefined ? [] : [{ kind, streamId }];
  });
  const our = ours.goAwayCode;
  const their = theirs.goAwayCode;
  if (our === undefined && their === undefined) return partings;
  const ofMessages = partings.filter(({ kind }) => kind === 'read-differently');
  if (their === undefined) return [{ kind: 'only-we-refuse', streamId: 0 }, ...ofMessages];
  if (our === undefined) return [{ kind: 'only-they-refuse', streamId: 0 }, ...ofMessages];
  if (our !== their) return [{ kind: 'other-error', streamId: 0 }, ...ofMessages];
  // The same error; one of them may have come further.
  return partings.filter(({ kind }) => ['stricter', 'looser', 'read-differently'].includes(kind));
}

function compareStreams(
  our: StreamReading | undefined,
  their: StreamReading | undefined,
): DifferenceKind | undefined {
  const isOurs = our?.end === 'complete';
  const isTheirs = their?.end === 'complete';
  if (isOurs !== isTheirs) return isOurs ? 'looser' : 'stricter';
  if (isOurs && messageOf(our) !== messageOf(their)) return 'read-differently';
  const ourCode = our?.code ?? 0;
  const theirCode = their?.code ?? 0;
  if (ourCode === theirCode) {
    const hasReset = our?.end === 'reset';
    return ourCode === 0 && hasReset !== (their?.end === 'reset') ? 'reset-differently' : undefined;
  }
  if (theirCode === 0) return 'only-we-refuse';
  return ourCode === 0 ? 'only-they-refuse' : 'other-error';
}

function messageOf(stream: StreamReading | undefined): string {
  return JSON.stringify([stream?.informational, stream?.head, stream?.body, stream?.trailers ?? []]);
}
