import {
  clientPreface,
  defaultMaxFrameBytes,
  frameHeaderBytes,
  framePing,
} from '../../src/codec/http2/protocol.ts';
import { HpackWriter } from './hpack-writer.ts';
import { defaultTableBytes, frame, type FramePart, type Part } from './part.ts';

/** Of the PING at the end: who has acknowledged it has read everything. */
export const lastPing = 'fuzz-end';

interface Chunk {
  /** Undefined: bytes between frames. */
  readonly part: FramePart | undefined;
  block: Buffer;
}

/**
 * The frames as their lengths say, in one chunk each, and what ends them: the rest of a frame that is cut off, and a
 * PING.
 */
export function buildFrames(parts: readonly Part[]): Buffer[] {
  const chunks = joinBlocks(parts);
  chunks.forEach(({ part }, at) => {
    if (part?.shiftBytes !== undefined) shift(chunks[at - 1], chunks[at], part.shiftBytes);
  });
  const frames = chunks.map(({ part, block }) => (part === undefined ? block : buildFrame(part, block)));
  return splitAtLengths(Buffer.concat(frames));
}

function splitAtLengths(bytes: Buffer): Buffer[] {
  const ping = buildFrame(frame(framePing, 0, 0, lastPing), Buffer.alloc(0));
  const hasPreface = bytes.toString('latin1', 0, clientPreface.length) === clientPreface;
  const chunks = hasPreface ? [bytes.subarray(0, clientPreface.length)] : [];
  for (let at = hasPreface ? clientPreface.length : 0; at < bytes.length;) {
    const head = Buffer.alloc(frameHeaderBytes);
    bytes.copy(head, 0, at, at + frameHeaderBytes);
    const length = head.readUIntBE(0, 3);
    // Too long for everybody: nobody waits for the rest.
    if (length > defaultMaxFrameBytes) return [...chunks, bytes.subarray(at), ping];
    const end = at + frameHeaderBytes + length;
    const missing = Buffer.alloc(Math.max(0, end - bytes.length));
    chunks.push(Buffer.concat([bytes.subarray(at, end), missing]));
    at = end;
  }
  return [...chunks, ping];
}

function joinBlocks(parts: readonly Part[]): Chunk[] {
  const writer = new HpackWriter(defaultTableBytes);
  const chunks: Chunk[] = [];
  const append = (bytes: Buffer): void => {
    const last = chunks.at(-1);
    if (last !== undefined) last.block = Buffer.concat([last.block, bytes]);
  };
  for (const part of parts) {
    switch (part.kind) {
      case 'frame':
        chunks.push({ part, block: Buffer.alloc(0) });
        break;
      case 'bytes':
        chunks.push({ part: undefined, block: Buffer.from(part.bytes, 'latin1') });
        break;
      case 'field':
        append(writer.field(part));
        break;
      case 'table-size':
        append(writer.tableSize(part.bytes));
        break;
      case 'block-bytes':
        append(Buffer.from(part.bytes, 'latin1'));
        break;
      case 'limits':
        break;
    }
  }
  return chunks;
}

function shift(before: Chunk | undefined, at: Chunk | undefined, bytes: number): void {
  if (before === undefined || at === undefined) return;
  const both = Buffer.concat([before.block, at.block]);
  const border = Math.min(both.length, Math.max(0, before.block.length - bytes));
  before.block = both.subarray(0, border);
  at.block = both.subarray(border);
}

function buildFrame(part: FramePart, block: Buffer): Buffer {
  const { type, flags, streamId, padding, priority = '', lengthChange = 0 } = part;
  const payload = Buffer.concat([
    Buffer.from(padding === undefined ? [] : [padding.saysBytes]),
    Buffer.from(priority + part.payload, 'latin1'),
    block,
    Buffer.alloc(padding?.bytes ?? 0),
  ]);
  const head = Buffer.alloc(frameHeaderBytes);
  head.writeUIntBE(Math.max(0, payload.length + lengthChange), 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
