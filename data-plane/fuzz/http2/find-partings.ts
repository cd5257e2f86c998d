import { buildFrames } from './build-frames.ts';
import { readAnswers, readRequests } from './codec-reading.ts';
import { compareReadings, type Parting } from './compare-readings.ts';
import { splitFrames } from './frame-wire.ts';
import { explain } from './http2-differences.ts';
import type { Http2Oracles } from './oracles.ts';
import { tableBytesOf, type Part } from './part.ts';
import { showReading, type Http2Reading } from './reading.ts';

/** A difference, and the row that means it; undefined: none does. */
export interface JudgedParting extends Parting {
  readonly explained: string | undefined;
  /** What both read, for a report. */
  readonly shown: string;
}

/** The bytes of one connection, read by us and by nghttp2: everything in which the two differ. */
export async function findPartings(
  parts: readonly Part[],
  isRequest: boolean,
  oracles: Http2Oracles,
): Promise<JudgedParting[]> {
  const frames = buildFrames(parts);
  const tableBytes = tableBytesOf(parts);
  const readWithThem = (): Promise<Http2Reading> =>
    isRequest ? oracles.readRequests(frames, tableBytes) : oracles.readAnswers(frames, tableBytes);
  const ours = (isRequest ? readRequests : readAnswers)(frames, { tableBytes });
  const theirs = await readWithThem();
  const partings = compareReadings(ours, theirs);
  if (partings.length === 0) return [];
  const theirText = showReading(theirs);
  // A reader whose answer depends on the moment would find what is not there.
  const again = showReading(await readWithThem());
  if (again !== theirText) throw new Error(`nghttp2 reads it in two ways:\n  ${theirText}\n  ${again}`);
  const seen = splitFrames(Buffer.concat(frames));
  const shown = `\n  ours    ${showReading(ours)}\n  nghttp2 ${theirText}`;
  const explainParting = (parting: Parting): string | undefined =>
    explain({ ...parting, isRequest, frames: seen, ours, theirs });
  // Both ended with the same error: perhaps one of them earlier, for a reason of its own.
  const areBothLost = ours.goAwayCode !== undefined && theirs.goAwayCode !== undefined;
  const explainEnd = (): string | undefined =>
    areBothLost ? explainParting({ kind: 'other-error', streamId: 0 }) : undefined;
  return partings.map((parting) => ({
    ...parting,
    explained: explainParting(parting) ?? explainEnd(),
    shown,
  }));
}
