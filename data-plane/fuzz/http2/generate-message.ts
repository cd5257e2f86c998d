import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import {
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  flagPriority,
  frameContinuation,
  frameData,
  frameHeaders,
} from '../../src/codec/http2/protocol.ts';
import { field, frame, uint32, type FramePart, type Part } from './part.ts';
import { oneIn, pick } from './pick.ts';
import type { Fields } from './reading.ts';

/** What has to stay together: a frame and its fields, or a header block in pieces. */
export type Unit = readonly Part[];

const names = ['x-a', 'x-b', 'accept', 'user-agent', 'x-long-name-of-a-field', "x-!#$%&'*+-.^_`|~", 'x-9'];
const visible = `abcXYZ019 ,;:"'()<>@/[]?={}\\!#$%&*+-.^_\`|~\x80\xe9\xff\t`;
const bodies = ['', 'hello', '\r\n\r\n', '0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\0\xff\x80'];

export function generateValue(rng: Rng): string {
  let value = '';
  for (let left = randomInteger(rng, oneIn(rng, 20) ? 300 : 12); left > 0; left--)
    value += visible.charAt(randomInteger(rng, visible.length));
  return value.replaceAll(/^[ \t]+|[ \t]+$/g, '');
}

export function generateBody(rng: Rng): string {
  return pick(rng, bodies) + (oneIn(rng, 4) ? 'x'.repeat(randomInteger(rng, 300)) : '');
}

export function generateFields(rng: Rng): Fields {
  return Array.from({ length: randomInteger(rng, 5) }, () => {
    if (oneIn(rng, 6))
      return ['cookie', pick(rng, ['a=1', 'b=2; c=3', 'session=0123456789abcdef0123456789'])];
    return [pick(rng, names), generateValue(rng)];
  });
}

/** HEADERS, and CONTINUATION as often as it pleases; every representation, padding, priority. */
export function headerUnit(rng: Rng, streamId: number, fields: Fields, endStream: boolean): Unit {
  const parts: Part[] = oneIn(rng, 8) ? [{ kind: 'table-size', bytes: tableSizeIn(rng) }] : [];
  for (const [name, value] of fields) {
    const how = pick(rng, ['indexed', 'indexed', 'indexed', 'incremental', 'without', 'never'] as const);
    parts.push(field(name, value, how, oneIn(rng, 2)));
  }
  const pieceCount = oneIn(rng, 3) ? 1 + randomInteger(rng, 3) : 0;
  const borders = Array.from({ length: pieceCount }, () => randomInteger(rng, parts.length + 1)).toSorted(
    (a, b) => b - a,
  );
  let flags = flagEndHeaders;
  for (const border of borders) {
    const shiftBytes = oneIn(rng, 2) ? { shiftBytes: randomInteger(rng, 9) - 4 } : {};
    parts.splice(border, 0, frame(frameContinuation, flags, streamId, '', shiftBytes));
    flags = 0;
  }
  const head = frame(frameHeaders, flags | (endStream ? flagEndStream : 0), streamId);
  return [maybePadded(rng, maybeWithPriority(rng, head)), ...parts];
}

/** DATA frames with that body, the last of which ends the stream. */
export function dataUnits(rng: Rng, streamId: number, body: string, endStream: boolean): Unit[] {
  const parts: string[] = [];
  for (let at = 0; at < body.length;) {
    const length = 1 + randomInteger(rng, body.length - at);
    parts.push(body.slice(at, at + length));
    at += length;
  }
  if (parts.length === 0 || oneIn(rng, 6)) parts.push('');
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    return [maybePadded(rng, frame(frameData, isLast && endStream ? flagEndStream : 0, streamId, part))];
  });
}

function tableSizeIn(rng: Rng): number {
  return pick(rng, [0, 31, 64, 100, 1_000, 4_096]);
}

function maybePadded(rng: Rng, part: FramePart): FramePart {
  if (!oneIn(rng, 5)) return part;
  const bytes = randomInteger(rng, oneIn(rng, 4) ? 256 : 8);
  return { ...part, flags: part.flags | flagPadded, padding: { bytes, saysBytes: bytes } };
}

function maybeWithPriority(rng: Rng, part: FramePart): FramePart {
  if (!oneIn(rng, 6)) return part;
  // Exclusive or not, on a stream that nobody opens.
  const dependsOn = pick(rng, [0, 0x80000000, 201, 0x800000c9]);
  return {
    ...part,
    flags: part.flags | flagPriority,
    priority: uint32(dependsOn) + String.fromCharCode(randomInteger(rng, 256)),
  };
}
