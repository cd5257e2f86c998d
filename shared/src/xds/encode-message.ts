import { wireTypeOfScalar, type FieldType, type MessageType, type ScalarKind } from './message-type.ts';
import { WireWriter } from './wire-writer.ts';

/** A value that cannot be written as the message it was given for. */
export class EncodeError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.name = 'EncodeError';
    this.path = path;
  }
}

/**
 * A plain object → wire bytes. Deterministic: fields in the order of their numbers, maps sorted by key,
 * so that equal values give equal bytes. Absent fields, and scalars without presence at their default,
 * are not written. Enums may be names or numbers.
 *
 * @throws EncodeError for a property that the message lacks, a value of the wrong kind or range,
 *   two members of one oneof
 */
export function encodeMessage(type: MessageType, value: unknown): Buffer {
  const writer = new WireWriter();
  writeMessage(type, value, writer, '');
  return writer.finish();
}

function writeMessage(type: MessageType, value: unknown, writer: WireWriter, path: string): void {
  const raw = type.wellKnownShape === undefined ? value : type.wellKnownShape.unshape(value);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new EncodeError(path, 'is not an object');
  const message = raw as Record<string, unknown>;
  let present = 0;
  for (let i = type.fields.length - 1; i >= 0; i--) {
    const field = type.fields[i] as FieldType;
    const fieldValue = message[field.key];
    if (fieldValue === undefined) continue;
    present += 1;
    writeField(field, fieldValue, writer, path);
  }
  checkProperties(type, message, present, path);
}

function checkProperties(
  type: MessageType,
  message: Record<string, unknown>,
  presentCount: number,
  path: string,
): void {
  let setCount = 0;
  for (const key in message) if (message[key] !== undefined) setCount += 1;
  if (setCount !== presentCount) {
    const unknown = Object.keys(message).find(
      (key) => message[key] !== undefined && !type.fields.some((field) => field.key === key),
    );
    throw new EncodeError(join(path, unknown ?? ''), `is not a field of ${type.fullName}`);
  }
  for (const oneof of type.oneofs) {
    const members = type.fields.filter(
      (field) => field.oneof === oneof.name && message[field.key] !== undefined,
    );
    if (members.length > 1) {
      const keys = members.map((field) => field.key).join(' and ');
      throw new EncodeError(path, `${keys} are set, but ${oneof.name} holds only one of them`);
    }
  }
}

function writeField(field: FieldType, value: unknown, writer: WireWriter, path: string): void {
  const fieldPath = join(path, field.key);
  if (field.cardinality === 'map') return writeMap(field, value, writer, fieldPath);
  if (field.cardinality === 'repeated') return writeList(field, value, writer, fieldPath);
  if (!field.hasPresence && isDefault(field, value)) return;
  writeValue(field, value, writer, fieldPath);
  writer.tag(field.number, field.wireType);
}

function writeList(field: FieldType, value: unknown, writer: WireWriter, path: string): void {
  if (!Array.isArray(value)) throw new EncodeError(path, 'is not a list');
  const before = writer.length;
  for (let i = value.length - 1; i >= 0; i--) {
    writeValue(field, value[i], writer, `${path}[${i}]`);
    if (!field.isPacked) writer.tag(field.number, field.wireType);
  }
  if (field.isPacked && value.length > 0) {
    writer.uint32(writer.length - before);
    writer.tag(field.number, 2);
  }
}

function writeMap(field: FieldType, value: unknown, writer: WireWriter, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EncodeError(path, 'is not a map');
  const map = value as Record<string, unknown>;
  const kind = field.mapKey ?? 'string';
  const keys = Object.keys(map).filter((key) => map[key] !== undefined);
  // Keys of one kind only, so that the order does not depend on how the map was filled.
  if (kind === 'string' || kind === 'bool') keys.sort();
  else keys.sort((a, b) => Number(a) - Number(b));
  for (const key of keys.reverse()) {
    const entryPath = `${path}[${JSON.stringify(key)}]`;
    const before = writer.length;
    writeValue(field, map[key], writer, entryPath);
    writer.tag(2, field.wireType);
    writeScalar(
      kind,
      kind === 'string' ? key : kind === 'bool' ? key === 'true' : Number(key),
      writer,
      entryPath,
    );
    writer.tag(1, wireTypeOfScalar(kind));
    writer.uint32(writer.length - before);
    writer.tag(field.number, 2);
  }
}

function writeValue(field: FieldType, value: unknown, writer: WireWriter, path: string): void {
  if (field.isMessage) {
    const before = writer.length;
    writeMessage(field.messageType, value, writer, path);
    writer.uint32(writer.length - before);
  } else if (field.scalar === undefined) {
    writer.int32(enumNumber(field, value, path));
  } else {
    writeScalar(field.scalar, value, writer, path);
  }
}

function enumNumber(field: FieldType, value: unknown, path: string): number {
  const number = typeof value === 'number' ? value : field.enumType.numberByName.get(String(value));
  if (number === undefined || (number | 0) !== number) {
    throw new EncodeError(
      path,
      `is ${JSON.stringify(value)}, which is not a value of ${field.enumType.fullName}`,
    );
  }
  return number;
}

function writeScalar(kind: ScalarKind, value: unknown, writer: WireWriter, path: string): void {
  switch (kind) {
    case 'string':
      if (typeof value !== 'string') throw new EncodeError(path, 'is not a string');
      return writer.string(value);
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw new EncodeError(path, 'is not a Uint8Array');
      return writer.bytes(value);
    case 'bool':
      if (typeof value !== 'boolean') throw new EncodeError(path, 'is not a boolean');
      return writer.bool(value);
    default:
      if (typeof value !== 'number') throw new EncodeError(path, 'is not a number');
      return writeNumber(kind, value, writer, path);
  }
}

type NumberKind = Exclude<ScalarKind, 'string' | 'bytes' | 'bool'>;

function writeNumber(kind: NumberKind, value: number, writer: WireWriter, path: string): void {
  if (kind === 'double') return writer.double(value);
  if (kind === 'float') return writer.float(value);
  const [minimum, maximum] = integerBounds[kind];
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new EncodeError(path, `is ${value}, but ${kind} takes integers from ${minimum} to ${maximum}`);
  }
  writer[kind === 'sfixed32' ? 'fixed32' : kind](value);
}

const signed32 = [-(2 ** 31), 2 ** 31 - 1] as const;
const unsigned32 = [0, 2 ** 32 - 1] as const;
const signed64 = [-(2 ** 63), 2 ** 63] as const;
const unsigned64 = [0, 2 ** 64] as const;

/** The 64-bit maxima are what 2^63-1 and 2^64-1 become as doubles. */
export const integerBounds = {
  int32: signed32,
  sint32: signed32,
  sfixed32: signed32,
  uint32: unsigned32,
  fixed32: unsigned32,
  int64: signed64,
  sint64: signed64,
  sfixed64: signed64,
  uint64: unsigned64,
  fixed64: unsigned64,
} as const;

function isDefault(field: FieldType, value: unknown): boolean {
  if (field.scalar === undefined) return value === 0 || value === field.enumType.defaultName;
  // Object.is: a negative zero is not the default.
  return (
    value === '' ||
    value === false ||
    Object.is(value, 0) ||
    (value instanceof Uint8Array && value.length === 0)
  );
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
