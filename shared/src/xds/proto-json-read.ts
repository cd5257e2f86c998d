import type { Problem } from '../errors/problem.ts';
import { suggestion } from '../model/did-you-mean.ts';
import { encodeMessage } from './encode-message.ts';
import { setKey } from './json-value.ts';
import type { FieldType, MessageType, TypeRegistry } from './message-type.ts';
import { expected, readEnumJson, readMapKeyJson, readScalarJson, type Read } from './proto-json-scalars.ts';
import { readDurationText, readFieldMaskText, readTimestampText } from './proto-json-texts.ts';
import { toTypeName } from './type-urls.ts';
import { isWrapper } from './well-known-shapes.ts';
import { maxDepth } from './wire-reader.ts';

type JsonMap = Record<string, unknown>;

/** Messages that have a JSON form of their own; inside an Any it stands under `value`. */
const ownForms: ReadonlySet<string> = new Set(
  ['Any', 'Value', 'Struct', 'ListValue', 'Timestamp', 'Duration', 'FieldMask'].map(
    (name) => `google.protobuf.${name}`,
  ),
);

function hasOwnForm(typeName: string): boolean {
  return ownForms.has(typeName) || isWrapper(typeName);
}

/**
 * Reads proto3 JSON into the shape of decoded messages, as leniently as Envoy does (proto-json.ts says how).
 * Goes on after a mistake, so that `problems` holds all of them, in the order of the input.
 */
export class ProtoJsonReader {
  readonly #types: TypeRegistry;
  readonly #unknownFields: Problem[] | undefined;
  readonly problems: Problem[] = [];

  /** Unknown fields are mistakes, unless there is a list for them. */
  constructor(types: TypeRegistry, unknownFields?: Problem[]) {
    this.#types = types;
    this.#unknownFields = unknownFields;
  }

  /** A message in its decoded shape. Where something was wrong the default stands in. */
  message(type: MessageType, json: unknown, path: string, depth = 0): unknown {
    if (depth > maxDepth) return this.#mistake(path, 'messages are nested too deeply');
    switch (type.fullName) {
      case 'google.protobuf.Any':
        return this.#any(json, path, depth);
      case 'google.protobuf.Value':
        return json;
      case 'google.protobuf.Struct':
        return isObject(json) ? json : (this.#mistake(path, expected('an object', json).mistake), {});
      case 'google.protobuf.ListValue':
        if (Array.isArray(json)) return json;
        break;
      case 'google.protobuf.Duration':
      case 'google.protobuf.Timestamp':
      case 'google.protobuf.FieldMask':
        if (typeof json === 'string') return this.#text(type, json, path);
        break;
      default:
        if (isWrapper(type.fullName) && !isObject(json)) {
          const [field] = type.fields as [FieldType];
          return this.#take(readScalarJson(field.scalar ?? 'string', json), path, type.defaults['value']);
        }
    }
    if (!isObject(json)) {
      this.#mistake(path, expected(wantedFor(type), json).mistake);
      return { ...type.defaults };
    }
    const raw = this.#fields(type, json, path, depth);
    return type.shape(raw);
  }

  #fields(type: MessageType, json: JsonMap, path: string, depth: number, skippedKey?: string): JsonMap {
    const raw: JsonMap = { ...type.defaults };
    const setBy = new Map<string, string>();
    for (const [key, value] of Object.entries(json)) {
      if (key === skippedKey) continue;
      const fieldPath = join(path, key);
      const field = type.fieldByName(key);
      if (field === undefined) {
        const message = `no such field in ${type.fullName}${this.#suggestField(type, key)}`;
        (this.#unknownFields ?? this.problems).push({ path: fieldPath, message });
        continue;
      }
      // null stands for an absent field, except where it is a value.
      if (value === null && field.typeName !== 'google.protobuf.Value') continue;
      const place = field.oneof ?? field.key;
      const earlier = setBy.get(place);
      if (earlier !== undefined) {
        const what =
          field.oneof === undefined ? 'is the same field' : `is set, too, but only one of ${place} can be`;
        this.#mistake(fieldPath, `${earlier} ${what}`);
        continue;
      }
      setBy.set(place, key);
      raw[field.key] = this.#field(field, value, fieldPath, depth);
    }
    return raw;
  }

  #field(field: FieldType, json: unknown, path: string, depth: number): unknown {
    if (field.cardinality === 'map') return this.#map(field, json, path, depth);
    if (field.cardinality === 'singular') return this.#value(field, json, path, depth);
    // One element may stand for a list of one.
    if (!Array.isArray(json)) return [this.#value(field, json, path, depth)];
    const list: unknown[] = [];
    this.#elements(field, json, path, depth, list);
    return list;
  }

  #elements(field: FieldType, json: readonly unknown[], path: string, depth: number, list: unknown[]): void {
    const isListItself =
      field.typeName === 'google.protobuf.Value' || field.typeName === 'google.protobuf.ListValue';
    json.forEach((element, index) => {
      const elementPath = `${path}[${index}]`;
      // Lists in lists are taken as one.
      if (Array.isArray(element) && !isListItself)
        this.#elements(field, element, elementPath, depth + 1, list);
      else list.push(this.#value(field, element, elementPath, depth));
    });
  }

  #map(field: FieldType, json: unknown, path: string, depth: number): JsonMap {
    const map: JsonMap = {};
    if (!isObject(json)) {
      this.#mistake(path, expected('an object', json).mistake);
      return map;
    }
    for (const [key, value] of Object.entries(json)) {
      const entryPath = `${path}[${JSON.stringify(key)}]`;
      const readKey = this.#take(readMapKeyJson(field.mapKey ?? 'string', key), entryPath, key);
      setKey(map, readKey, this.#value(field, value, entryPath, depth));
    }
    return map;
  }

  /** One value of a field: the whole of a singular one, an element, an entry's value. */
  #value(field: FieldType, json: unknown, path: string, depth: number): unknown {
    if (json === null && field.typeName !== 'google.protobuf.Value') return this.#absent(field);
    if (field.isMessage) return this.message(field.messageType, json, path, depth + 1);
    if (field.scalar === undefined) {
      return this.#take<string | number>(
        readEnumJson(field.enumType, json),
        path,
        field.enumType.defaultName,
      );
    }
    return this.#take(readScalarJson(field.scalar, json), path, undefined);
  }

  /** What a null in a list or a map stands for. */
  #absent(field: FieldType): unknown {
    if (field.isMessage) {
      const raw = { ...field.messageType.defaults };
      return field.messageType.shape(raw);
    }
    if (field.scalar === undefined) return field.enumType.defaultName;
    if (field.scalar === 'string') return '';
    if (field.scalar === 'bytes') return Buffer.alloc(0);
    return field.scalar === 'bool' ? false : 0;
  }

  #any(json: unknown, path: string, depth: number): { typeUrl: string; value: Uint8Array } {
    const empty = { typeUrl: '', value: Buffer.alloc(0) };
    const type = this.#typeOfAny(json, path);
    if (type === undefined) return empty;
    const problemCount = this.problems.length;
    const message = hasOwnForm(type.fullName)
      ? this.#anyOfOwnForm(type, json as JsonMap, path, depth)
      : this.#fields(type, json as JsonMap, path, depth + 1, '@type');
    if (this.problems.length > problemCount) return empty;
    return { typeUrl: String((json as JsonMap)['@type']), value: encodeMessage(type, message) };
  }

  /** undefined: the Any is empty, or a problem was noted. */
  #typeOfAny(json: unknown, path: string): MessageType | undefined {
    if (!isObject(json)) return this.#mistake(path, expected('an object with "@type"', json).mistake);
    const typeUrl = json['@type'];
    if (typeUrl === undefined && Object.keys(json).length === 0) return undefined;
    if (typeof typeUrl !== 'string') return this.#mistake(path, '"@type" is missing, or no string');
    const type = typeUrl.includes('/') ? this.#types.findMessage(toTypeName(typeUrl)) : undefined;
    if (type !== undefined) return type;
    const hint = suggestion(toTypeName(typeUrl), this.#types.allNames());
    return this.#mistake(join(path, '@type'), `the API has no type ${typeUrl}${hint}`);
  }

  #anyOfOwnForm(type: MessageType, json: JsonMap, path: string, depth: number): unknown {
    for (const key of Object.keys(json)) {
      if (key !== '@type' && key !== 'value')
        this.#mistake(join(path, key), `${type.fullName} stands under "value"`);
    }
    if (json['value'] === undefined) {
      const raw = { ...type.defaults };
      return type.shape(raw);
    }
    return this.message(type, json['value'], join(path, 'value'), depth + 1);
  }

  #text(type: MessageType, text: string, path: string): unknown {
    if (type.fullName === 'google.protobuf.FieldMask') return { paths: readFieldMaskText(text) };
    const isDuration = type.fullName === 'google.protobuf.Duration';
    const value = isDuration ? readDurationText(text) : readTimestampText(text);
    if (value !== undefined) return value;
    const form = isDuration ? 'a duration such as "1.5s"' : 'a time such as "2024-01-31T23:59:59Z"';
    this.#mistake(path, `expected ${form}, found ${JSON.stringify(text.slice(0, 60))}`);
    return { ...type.defaults };
  }

  #suggestField(type: MessageType, key: string): string {
    return suggestion(
      key,
      type.fields.map((field) => (key.includes('_') || !/[A-Z]/.test(key) ? field.name : field.key)),
    );
  }

  #take<T>(read: Read<T>, path: string, fallback: T): T {
    if (!('mistake' in read)) return read.value;
    this.#mistake(path, read.mistake);
    return fallback;
  }

  #mistake(path: string, message: string): undefined {
    this.problems.push({ path, message });
  }
}

function wantedFor(type: MessageType): string {
  switch (type.fullName) {
    case 'google.protobuf.Duration':
      return 'a duration such as "1.5s"';
    case 'google.protobuf.Timestamp':
      return 'a time such as "2024-01-31T23:59:59Z"';
    case 'google.protobuf.ListValue':
      return 'a list';
    default:
      return `an object (${type.fullName})`;
  }
}

function isObject(json: unknown): json is JsonMap {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Keys that are no words are put in brackets, so that a path can be read back. */
function join(path: string, key: string): string {
  if (!/^[\w@$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
