import type { Http2Session, Http2Stream, IncomingHttpHeaders } from 'node:http2';
import { flagAck, frameGoAway, framePing, frameRstStream, noError } from '../../src/codec/http2/protocol.ts';
import { lastPing } from './build-frames.ts';
import { turn, type FrameWire, type SeenFrame } from './frame-wire.ts';
import {
  noteReset,
  toHead,
  toTrailers,
  type Fields,
  type Http2Reading,
  type StreamReading,
} from './reading.ts';

/** Both oracles' windows, and ours beside them: nothing here is about running out of credit. */
export const windowBytes = 1024 * 1024;

/** Node's events for streams and their fields come some turns after nghttp2 has read the bytes. */
const settlingTurns = 4;

/**
 * Feeds one frame after the other, each when the one before was read: of a good frame and a bad one that come together
 * Node reports the bad one only. It is over when the PING at the end is answered, or the connection. Returns what was
 * read until then: the end of the session is one of its streams too.
 */
export async function feedFrames(
  wire: FrameWire,
  frames: readonly Buffer[],
  reading: Http2Reading,
): Promise<Http2Reading> {
  for (const frame of frames) {
    if (wire.isOver) break;
    wire.push(frame);
    await turn();
  }
  if (!(await wire.until(() => wire.frames.some(isLastAck)))) reading.detail = silence;
  for (let left = settlingTurns; left > 0; left--) await turn();
  noteErrors(wire, reading);
  const streams = new Map([...reading.streams].map(([id, stream]) => [id, { ...stream }]));
  wire.destroy();
  await turn();
  return { ...reading, streams };
}

/** Node has lost the session, and tells nobody. */
export const silence = 'no answer to PING';

function isLastAck({ type, flags, payload }: SeenFrame): boolean {
  return type === framePing && flags === flagAck && payload.toString('latin1') === lastPing;
}

/** What one stream delivers. */
export function noteStream(stream: Http2Stream, seen: StreamReading): void {
  stream.on('data', (chunk: Buffer) => {
    seen.body += chunk.toString('latin1');
  });
  stream.on('end', () => {
    // Also after a reset, without the rest.
    if (seen.end === 'open' && !stream.aborted && stream.rstCode === noError) seen.end = 'complete';
  });
  stream.on('trailers', (_trailers: IncomingHttpHeaders, _flags: number, ...rest: unknown[]) => {
    seen.trailers = toTrailers(pairsOf(rest[0]));
  });
  stream.on('error', () => undefined);
}

export function noteHead(seen: StreamReading, raw: unknown): void {
  seen.head = toHead(pairsOf(raw));
}

/** Node's raw headers: name, value, name, value. */
export function pairsOf(raw: unknown): Fields {
  if (!Array.isArray(raw)) return [];
  const texts = raw.map(String);
  return texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? ''] as const] : []));
}

export function ignoreErrors(session: Http2Session): void {
  session.on('error', () => undefined);
  session.on('frameError', () => undefined);
}

/** From what nghttp2 wrote, since Node's errors come late and have no codes. */
function noteErrors(wire: FrameWire, reading: Http2Reading): void {
  for (const { type, streamId, payload } of wire.frames) {
    if (type === frameGoAway && payload.readUInt32BE(4) !== noError) {
      reading.goAwayCode ??= payload.readUInt32BE(4);
      reading.detail = payload.toString('latin1', 8);
    } else if (type === frameRstStream) {
      noteReset(reading, streamId, payload.readUInt32BE(0));
    }
  }
}
