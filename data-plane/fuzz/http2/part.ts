/**
 * A connection as a list of parts: frames, and behind each the fields of its block. Everything that the wire has can be
 * said, wrong things too: flags, lengths, padding and what is there are independent of each other. Texts are latin1.
 */
export type Part = FramePart | FieldPart | TableSizePart | BlockBytesPart | BytesPart | LimitsPart;

export interface FramePart {
  readonly kind: 'frame';
  readonly type: number;
  readonly flags: number;
  /** From 2^31 on: with the reserved bit. */
  readonly streamId: number;
  /** Before the block, of frames that have one. */
  readonly payload: string;
  /** Pad length and padding are there, whatever the flags say. */
  readonly padding?: { readonly bytes: number; readonly saysBytes: number };
  /** The five bytes of a priority are there, whatever the flags say. */
  readonly priority?: string;
  /** What the length field says beyond the truth. */
  readonly lengthChange?: number;
  /** So many bytes of the block change sides: from the frame before into this one, or, below 0, the other way. */
  readonly shiftBytes?: number;
}

/** How a field is written (RFC 7541, 6). `indexed` is `incremental` where the tables do not have it. */
export type Representation = 'indexed' | 'incremental' | 'without' | 'never';

export interface FieldPart {
  readonly kind: 'field';
  readonly name: string;
  readonly value: string;
  readonly how: Representation;
  readonly isHuffman: boolean;
}

/** A dynamic table size update. */
export interface TableSizePart {
  readonly kind: 'table-size';
  readonly bytes: number;
}

/** Bytes of a header block, as they are. */
export interface BlockBytesPart {
  readonly kind: 'block-bytes';
  readonly bytes: string;
}

/** Bytes between frames; the preface of a client. */
export interface BytesPart {
  readonly kind: 'bytes';
  readonly bytes: string;
}

/** What the reader announces, and is told to be acknowledged by the frames. */
export interface LimitsPart {
  readonly kind: 'limits';
  readonly tableBytes: 0 | 100 | 4096;
}

export const defaultTableBytes = 4096;

export function tableBytesOf(parts: readonly Part[]): LimitsPart['tableBytes'] {
  return parts.find((part) => part.kind === 'limits')?.tableBytes ?? defaultTableBytes;
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload = '',
  more: Partial<FramePart> = {},
): FramePart {
  return { kind: 'frame', type, flags, streamId, payload, ...more };
}

export function field(
  name: string,
  value: string,
  how: Representation = 'incremental',
  isHuffman = false,
): FieldPart {
  return { kind: 'field', name, value, how, isHuffman };
}

export function uint16(value: number): string {
  return String.fromCharCode(value >>> 8, value & 0xff);
}

export function uint32(value: number): string {
  return uint16(value >>> 16) + uint16(value & 0xffff);
}

export function setting(id: number, value: number): string {
  return uint16(id) + uint32(value);
}
