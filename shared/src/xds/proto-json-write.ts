import { decodeMessage } from './decode-message.ts';
import { setKey } from './json-value.ts';
import type { FieldType, MessageType, ScalarKind, TypeRegistry } from './message-type.ts';
import {
  writeDurationText,
  writeFieldMaskText,
  writeTimestampText,
  type SecondsAndNanos,
} from './proto-json-texts.ts';
import { toTypeName } from './type-urls.ts';
import { WireError } from './wire-reader.ts';

export interface ProtoJsonOptions {
  /** `proto` (lb_policy) is how Envoy's administration prints; `json` (lbPolicy) is the standard's. Default: `json`. */
  readonly spelling?: 'proto' | 'json';
  /** Print scalars, lists and maps at their defaults, too. Default: no. */
  readonly shouldPrintDefaults?: boolean;
  /** Replace what the API marks as sensitive (keys, passwords), in payloads of Any as well. Default: no. */
  readonly shouldRedact?: boolean;
}

type JsonMap = Record<string, unknown>;

const redactedText = '[redacted]';

/** Prints decoded messages as proto3 JSON values. */
export class ProtoJsonWriter {
  readonly #types: TypeRegistry;
  readonly #spelling: 'proto' | 'json';
  readonly #shouldPrintDefaults: boolean;
  readonly #shouldRedact: boolean;

  constructor(types: TypeRegistry, options: ProtoJsonOptions) {
    this.#types = types;
    this.#spelling = options.spelling ?? 'json';
    this.#shouldPrintDefaults = options.shouldPrintDefaults ?? false;
    this.#shouldRedact = options.shouldRedact ?? false;
  }

  message(type: MessageType, value: unknown, isSensitive = false): unknown {
    switch (type.fullName) {
      case 'google.protobuf.Any':
        return this.#any(value as { typeUrl: string; value: Uint8Array }, isSensitive);
      case 'google.protobuf.Value':
      case 'google.protobuf.Struct':
      case 'google.protobuf.ListValue':
        return isSensitive ? redactJson(value) : value;
      case 'google.protobuf.Duration':
        return writeDurationText(value as SecondsAndNanos);
      case 'google.protobuf.Timestamp':
        return writeTimestampText(value as SecondsAndNanos) ?? value;
      case 'google.protobuf.FieldMask':
        return writeFieldMaskText((value as { paths: string[] }).paths);
      default:
        break;
    }
    if (type.wellKnownShape !== undefined) {
      const [field] = type.fields as [FieldType];
      return this.#single(field, value, isSensitive);
    }
    return this.#fields(type, value as JsonMap, isSensitive);
  }

  #fields(type: MessageType, message: JsonMap, isSensitive: boolean): JsonMap {
    const json: JsonMap = {};
    for (const field of type.fields) {
      const value = message[field.key];
      if (value === undefined || (!this.#shouldPrintDefaults && isDefault(field, value))) continue;
      const printed = this.#field(field, value, this.#shouldRedact && (isSensitive || field.isSensitive));
      if (printed !== undefined) json[this.#spelling === 'proto' ? field.name : field.key] = printed;
    }
    return json;
  }

  #field(field: FieldType, value: unknown, isSensitive: boolean): unknown {
    if (field.cardinality === 'repeated') {
      return (value as unknown[])
        .map((element) => this.#single(field, element, isSensitive))
        .filter((element) => element !== undefined);
    }
    if (field.cardinality === 'singular') return this.#single(field, value, isSensitive);
    const map: JsonMap = {};
    for (const [key, entry] of Object.entries(value as JsonMap)) {
      setKey(map, key, this.#single(field, entry, isSensitive));
    }
    return map;
  }

  /** undefined: a sensitive value that no text can stand for. */
  #single(field: FieldType, value: unknown, isSensitive: boolean): unknown {
    if (field.isMessage) return this.message(field.messageType, value, isSensitive);
    if (!isSensitive) return field.scalar === undefined ? value : printScalar(field.scalar, value);
    if (field.scalar === 'string') return redactedText;
    return field.scalar === 'bytes' ? Buffer.from(redactedText).toString('base64') : undefined;
  }

  #any(any: { typeUrl: string; value: Uint8Array }, isSensitive: boolean): JsonMap {
    if (any.typeUrl === '') return {};
    const type = this.#types.findMessage(toTypeName(any.typeUrl));
    const message = type === undefined ? undefined : tryDecode(type, any.value);
    if (type === undefined || message === undefined) {
      const value = this.#shouldRedact ? redactedText : Buffer.from(any.value).toString('base64');
      return { '@type': any.typeUrl, value };
    }
    const printed = this.message(type, message, isSensitive);
    const isPlain = typeof message === 'object' && isFieldwise(type);
    return isPlain
      ? { '@type': any.typeUrl, ...(printed as JsonMap) }
      : { '@type': any.typeUrl, value: printed };
  }
}

function tryDecode(type: MessageType, bytes: Uint8Array): unknown {
  try {
    return decodeMessage(type, bytes);
  } catch (thrown) {
    if (thrown instanceof WireError) return undefined;
    throw thrown;
  }
}

/** Whether a message prints as an object of its fields. */
function isFieldwise(type: MessageType): boolean {
  if (type.wellKnownShape !== undefined) return false;
  return !['Any', 'Duration', 'Timestamp', 'FieldMask'].some(
    (name) => type.fullName === `google.protobuf.${name}`,
  );
}

function isDefault(field: FieldType, value: unknown): boolean {
  if (field.hasPresence) return false;
  if (field.cardinality === 'repeated') return (value as unknown[]).length === 0;
  if (field.cardinality === 'map') return Object.keys(value as JsonMap).length === 0;
  if (field.scalar === undefined) return value === field.enumType.defaultName || value === 0;
  if (field.scalar === 'bytes') return (value as Uint8Array).length === 0;
  return value === '' || value === false || Object.is(value, 0);
}

function printScalar(kind: ScalarKind, value: unknown): unknown {
  switch (kind) {
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return clampedText(value as number, 2n ** 63n - 1n);
    case 'uint64':
    case 'fixed64':
      return clampedText(value as number, 2n ** 64n - 1n);
    case 'float':
      return printFloat(value as number, shortestFloat);
    case 'double':
      return printFloat(value as number, (number) => number);
    default:
      return value;
  }
}

/** 64-bit integers are texts in JSON; the largest ones are held as the double above them. */
function clampedText(value: number, maximum: bigint): string {
  const integer = BigInt(value);
  return (integer > maximum ? maximum : integer).toString();
}

function printFloat(value: number, shorten: (value: number) => number): number | string {
  return Number.isFinite(value) ? shorten(value) : String(value);
}

/** The number with the fewest digits that is the same float: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === Math.fround(value)) return candidate;
  }
  return value;
}

function redactJson(value: unknown): unknown {
  if (typeof value === 'string') return redactedText;
  if (Array.isArray(value)) return value.map(redactJson);
  if (typeof value !== 'object' || value === null) return null;
  const redacted: JsonMap = {};
  for (const [key, entry] of Object.entries(value)) setKey(redacted, key, redactJson(entry));
  return redacted;
}
