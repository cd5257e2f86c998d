import { setKey } from './json-value.ts';
import type { FieldType, MessageType, ScalarKind } from './message-type.ts';
import { WireError, WireReader, maxDepth } from './wire-reader.ts';

/**
 * Wire bytes → a plain object (README.md says how fields look). Later values of a singular field win,
 * singular messages that occur twice are merged, a later member of a oneof removes an earlier one.
 * Paths of fields that the API does not have are added to `unknownFields` (`filters[0].#77`).
 *
 * @throws WireError
 */
export function decodeMessage(type: MessageType, bytes: Uint8Array, unknownFields?: string[]): unknown {
  const reader = new WireReader(bytes);
  return type.shape(readMessage(type, reader, reader.length, noFields, 0, unknownFields));
}

type Raw = Record<string, unknown>;

function readMessage(
  type: MessageType,
  reader: WireReader,
  end: number,
  earlier: Raw,
  depth: number,
  unknownFields: string[] | undefined,
): Raw {
  if (depth > maxDepth) throw new WireError('messages are nested too deeply', reader.position);
  const raw: Raw = earlier === noFields ? { ...type.defaults } : { ...type.defaults, ...earlier };
  while (reader.position < end) {
    const tag = reader.uint32();
    const field = type.fieldByNumber[tag >>> 3];
    if (field === undefined || !fitsWireType(field, tag & 7)) {
      if (tag >>> 3 === 0) throw new WireError('a field has number 0', reader.position);
      unknownFields?.push(`#${tag >>> 3}`);
      reader.skip(tag & 7, tag >>> 3);
    } else if (field.cardinality === 'singular') {
      readSingular(type, field, reader, raw, depth, unknownFields);
    } else if (field.cardinality === 'map') {
      readMapEntry(field, reader, raw, depth, unknownFields);
    } else {
      readElements(field, tag & 7, reader, raw, depth, unknownFields);
    }
  }
  if (reader.position > end) throw new WireError('a field reaches past the end of its message', end);
  return raw;
}

function readSingular(
  type: MessageType,
  field: FieldType,
  reader: WireReader,
  raw: Raw,
  depth: number,
  unknownFields: string[] | undefined,
): void {
  if (field.oneof !== undefined) {
    for (const other of type.siblingsOf(field)) if (other.key in raw) Reflect.deleteProperty(raw, other.key);
  }
  raw[field.key] = field.isMessage
    ? readNested(field, reader, raw[field.key], depth, unknownFields, field.name)
    : readScalarOrEnum(field, reader);
}

function readElements(
  field: FieldType,
  wireType: number,
  reader: WireReader,
  raw: Raw,
  depth: number,
  unknownFields: string[] | undefined,
): void {
  let list = raw[field.key] as unknown[];
  // The list of the defaults is shared by all messages.
  if (Object.isFrozen(list)) raw[field.key] = list = [];
  if (field.isMessage) {
    list.push(readNested(field, reader, undefined, depth, unknownFields, `${field.name}[${list.length}]`));
  } else if (wireType === 2 && field.isPackable) {
    const end = reader.end();
    while (reader.position < end) list.push(readScalarOrEnum(field, reader));
  } else {
    list.push(readScalarOrEnum(field, reader));
  }
}

function readMapEntry(
  field: FieldType,
  reader: WireReader,
  raw: Raw,
  depth: number,
  unknownFields: string[] | undefined,
): void {
  let map = raw[field.key] as Raw;
  if (Object.isFrozen(map)) raw[field.key] = map = {};
  const keyKind = field.mapKey ?? 'string';
  const end = reader.end();
  let key: string | undefined;
  let value: unknown;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) key = String(readScalar(keyKind, reader));
    else if (tag >>> 3 !== 2) reader.skip(tag & 7, tag >>> 3);
    else if (field.isMessage)
      value = readNested(
        field,
        reader,
        undefined,
        depth,
        unknownFields,
        `${field.name}[${JSON.stringify(key ?? '')}]`,
      );
    else value = readScalarOrEnum(field, reader);
  }
  if (reader.position > end) throw new WireError('a field reaches past the end of its message', end);
  key ??= keyKind === 'string' ? '' : keyKind === 'bool' ? 'false' : '0';
  setKey(map, key, value ?? defaultMapValue(field));
}

function defaultMapValue(field: FieldType): unknown {
  if (field.isMessage) return field.messageType.shape({ ...field.messageType.defaults });
  if (field.scalar === undefined) return field.enumType.defaultName;
  return field.scalar === 'string'
    ? ''
    : field.scalar === 'bool'
      ? false
      : field.scalar === 'bytes'
        ? Buffer.alloc(0)
        : 0;
}

function readNested(
  field: FieldType,
  reader: WireReader,
  earlier: unknown,
  depth: number,
  unknownFields: string[] | undefined,
  segment: string,
): unknown {
  const type = field.messageType;
  const unknownBefore = unknownFields?.length ?? 0;
  try {
    const end = reader.end();
    // Only messages that keep their fields' shape can be merged; a later wrapper or Struct replaces.
    const base = earlier !== undefined && type.wellKnownShape === undefined ? (earlier as Raw) : noFields;
    const value = type.shape(readMessage(type, reader, end, base, depth + 1, unknownFields));
    if (unknownFields !== undefined) {
      for (let i = unknownBefore; i < unknownFields.length; i++)
        unknownFields[i] = `${segment}.${unknownFields[i]}`;
    }
    return value;
  } catch (thrown) {
    throw thrown instanceof WireError ? thrown.within(segment) : thrown;
  }
}

const noFields: Raw = Object.freeze({});

function readScalarOrEnum(field: FieldType, reader: WireReader): unknown {
  if (field.scalar !== undefined) return readScalar(field.scalar, reader);
  const number = reader.int32();
  return field.enumType.nameByNumber.get(number) ?? number;
}

function readScalar(kind: ScalarKind, reader: WireReader): unknown {
  // Every kind is the name of the reader's method.
  return reader[kind]();
}

/** A field that arrives in another wire type than its own is an unknown field, as in the other implementations. */
function fitsWireType(field: FieldType, wireType: number): boolean {
  if (field.cardinality === 'map') return wireType === 2;
  return (
    wireType === field.wireType || (wireType === 2 && field.isPackable && field.cardinality === 'repeated')
  );
}
