import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { addedField, hostileBlockPart, hostileField, hostileFrame } from './hostile-parts.ts';
import type { FramePart, Part } from './part.ts';
import { oneIn, pick } from './pick.ts';

/** One to three changes: of a frame, of a field, of a block's bytes, or of the order. */
export function mutateParts(rng: Rng, given: readonly Part[]): Part[] {
  let parts = [...given];
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) parts = mutateOnce(rng, parts);
  return parts;
}

function mutateOnce(rng: Rng, parts: Part[]): Part[] {
  const at = randomInteger(rng, parts.length);
  switch (randomInteger(rng, 8)) {
    case 0:
      return parts.toSpliced(at, 1);
    case 1:
      return parts.toSpliced(at, 0, ...parts.slice(at, at + 1));
    case 2:
      return parts.toSpliced(at, 0, pick(rng, parts));
    case 3:
      return parts.toSpliced(randomInteger(rng, parts.length), 0, ...parts.splice(at, 1));
    case 4:
      return parts.toSpliced(at + 1, 0, hostileFrame(rng));
    default:
      return mutateAt(rng, parts, at);
  }
}

function mutateAt(rng: Rng, parts: Part[], at: number): Part[] {
  const part = parts[at];
  switch (part?.kind) {
    case 'frame':
      return parts.with(at, mutateFrame(rng, part));
    case 'field':
      switch (randomInteger(rng, 6)) {
        case 0:
          return parts.toSpliced(at, 0, hostileBlockPart(rng));
        case 1:
          return parts.toSpliced(at, 0, addedField(rng));
        case 2:
          return parts.with(at, {
            ...part,
            how: pick(rng, ['indexed', 'incremental', 'without', 'never'] as const),
          });
        default:
          return parts.with(at, hostileField(rng, part));
      }
    case 'table-size':
    case 'block-bytes':
      return parts.with(at, hostileBlockPart(rng));
    case 'bytes':
      return parts.with(at, { ...part, bytes: mutateBytes(rng, part.bytes) });
    default:
      return parts;
  }
}

function mutateFrame(rng: Rng, part: FramePart): FramePart {
  switch (randomInteger(rng, 8)) {
    case 0:
      return { ...part, type: randomInteger(rng, 12) };
    case 1:
    case 2:
      return { ...part, flags: part.flags ^ pick(rng, [1, 1, 4, 4, 8, 0x20, 2, 0x40]) };
    case 3:
      return { ...part, streamId: mutateStreamId(rng, part.streamId) };
    case 4:
      return { ...part, lengthChange: pick(rng, [-1, -2, -5, 1, 2, 5, 9, 100, 16_384, 20_000]) };
    case 5: {
      const bytes = pick(rng, [0, 1, 5, 255]);
      const saysBytes = oneIn(rng, 3) ? bytes : pick(rng, [0, 1, 2, 5, 20, 255]);
      return { ...part, flags: part.flags | 8, padding: { bytes, saysBytes } };
    }
    case 6: {
      const priority = pick(rng, ['\0\0\0\x01\x10', '\0\0\0\x03\xff', '\x80\0\0\x05\0', '\0\0']);
      return { ...part, flags: part.flags | 0x20, priority };
    }
    default:
      return { ...part, payload: mutateBytes(rng, part.payload) };
  }
}

function mutateStreamId(rng: Rng, streamId: number): number {
  const id = pick(rng, [
    0,
    streamId + 1,
    streamId + 2,
    streamId + 100,
    Math.max(0, streamId - 2),
    2 ** 31 - 1,
    // The reserved bit.
    streamId + 2 ** 31,
  ]);
  return id % 2 ** 32;
}

function mutateBytes(rng: Rng, bytes: string): string {
  const at = randomInteger(rng, bytes.length + 1);
  const inserted = oneIn(rng, 3)
    ? ''
    : String.fromCharCode(pick(rng, [0, 1, 0x7f, 0x80, 0xff, randomInteger(rng, 256)]));
  return bytes.slice(0, at) + inserted + bytes.slice(at + randomInteger(rng, 3));
}
