import { clientPreface } from '../../src/codec/http2/protocol.ts';
import { frame, type FramePart, type Part } from './part.ts';

const types = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
];

const flagNames: readonly (readonly [flag: number, name: string, types: readonly number[]])[] = [
  [0x1, 'END_STREAM', [0, 1]],
  [0x1, 'ACK', [4, 6]],
  [0x4, 'END_HEADERS', [1, 5, 9]],
  [0x8, 'PADDED', [0, 1, 5]],
  [0x20, 'PRIORITY', [1]],
];

/** One line; a preface and an empty SETTINGS at the beginning are understood. */
export function describeParts(parts: readonly Part[]): string {
  const isUsual = ({ kind }: Part, at: number): boolean =>
    (at === 0 && kind === 'bytes' && JSON.stringify(parts[0]) === JSON.stringify(preface)) ||
    (at < 2 && JSON.stringify(parts[at]) === JSON.stringify(emptySettings));
  const texts = parts
    .filter((part, at) => !isUsual(part, at))
    .map((part) => (part.kind === 'frame' ? `\n${describeFrame(part)}` : describePart(part)));
  return foldRepeated(texts).join(' ').trim().replaceAll(/ *\n/g, '; ');
}

/** What stands there five times and more is said once. */
function foldRepeated(texts: readonly string[]): string[] {
  const folded: string[] = [];
  for (let at = 0; at < texts.length;) {
    const text = texts[at] ?? '';
    let end = at;
    while (texts[end] === text) end++;
    if (end - at < 5) folded.push(...texts.slice(at, end));
    else folded.push(`${text} (${end - at} times)`);
    at = end;
  }
  return folded;
}

export const preface: Part = { kind: 'bytes', bytes: clientPreface };
export const emptySettings: Part = frame(4, 0, 0);

function describePart(part: Exclude<Part, FramePart>): string {
  switch (part.kind) {
    case 'field': {
      const how = part.how === 'incremental' ? '' : ` (${part.how})`;
      return `${quote(part.name)}=${quote(part.value)}${how}${part.isHuffman ? ' (Huffman)' : ''}`;
    }
    case 'table-size':
      return `table size ${part.bytes}`;
    case 'block-bytes':
      return `block ${hex(part.bytes)}`;
    case 'bytes':
      return `\nbytes ${quote(part.bytes)}`;
    case 'limits':
      return `table ${part.tableBytes}`;
  }
}

function describeFrame({ type, flags, streamId, payload, ...more }: FramePart): string {
  const words = [types[type] ?? `type ${type}`, String(streamId)];
  let left = flags;
  for (const [flag, name, itsTypes] of flagNames) {
    if ((left & flag) === 0 || !itsTypes.includes(type)) continue;
    words.push(name);
    left &= ~flag;
  }
  if (left !== 0) words.push(`flags 0x${left.toString(16)}`);
  const { padding, priority, lengthChange, shiftBytes } = more;
  if (padding !== undefined) words.push(`padding ${padding.bytes}, says ${padding.saysBytes}`);
  if (priority !== undefined) words.push(`priority ${hex(priority)}`);
  if (lengthChange !== undefined) words.push(`length ${lengthChange > 0 ? '+' : ''}${lengthChange}`);
  if (shiftBytes !== undefined) words.push(`shifted ${shiftBytes}`);
  if (payload !== '') words.push(type === 0 ? quote(payload) : hex(payload));
  return words.join(' ');
}

function quote(text: string): string {
  if (text.length > 60) return `${quote(text.slice(0, 20))}… (${text.length})`;
  return /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}

function hex(text: string): string {
  const bytes = Buffer.from(text.slice(0, 40), 'latin1').toString('hex');
  return text.length > 40 ? `${bytes}… (${text.length})` : bytes;
}
