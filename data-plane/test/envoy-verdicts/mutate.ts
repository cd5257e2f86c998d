import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { FieldType, MessageType, TypeRegistry } from '@heddle/shared/xds/message-type';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import { isWrapper } from '@heddle/shared/xds/well-known-shapes';
import type { FileKind, Json } from './bootstrap-file.ts';

/** One way to break a document. */
interface Break {
  readonly kind: FileKind;
  /** Where, as keys and indices. */
  readonly path: readonly (string | number)[];
  /** What stands there instead; undefined: nothing. */
  readonly value: Json | undefined;
}

export interface Mutation {
  readonly kind: FileKind;
  /** `http.a[0]: what`. */
  readonly place: string;
  readonly document: Json;
}

type JsonObject = Readonly<Record<string, Json>>;

/** How many files of each kind one document gives at most. */
const countByKind: Readonly<Partial<Record<FileKind, number>>> = {
  'unknown field': 1,
  'wrong type': 2,
  'out of range': 2,
  missing: 1,
  duplicate: 1,
  'dangling reference': 1,
  'bad expression': 6,
};

const badRegexes = ['(', 'a{1001}', '(?=a)', '[b-a]', '\\1'] as const;

/** Breaks a valid document in ways that the API's types suggest; the seed decides where. */
export function mutate(types: TypeRegistry, document: Json, rng: Rng): Mutation[] {
  const breaks: Break[] = [];
  collect(types, types.message('envoy.config.bootstrap.v3.Bootstrap'), document, [], breaks);
  return Object.entries(countByKind).flatMap(([kind, count]) => {
    const rest = breaks.filter((one) => one.kind === kind);
    const mutations: Mutation[] = [];
    while (mutations.length < count && rest.length > 0) {
      const [chosen] = rest.splice(randomInteger(rng, rest.length), 1);
      if (chosen === undefined) break;
      const value = chosen.value === undefined ? 'nothing' : JSON.stringify(chosen.value).slice(0, 40);
      mutations.push({
        kind: chosen.kind,
        place: `${toText(chosen.path)} → ${value}`,
        document: replace(document, chosen.path, chosen.value),
      });
    }
    return mutations;
  });
}

function collect(
  types: TypeRegistry,
  type: MessageType,
  json: Json,
  path: readonly (string | number)[],
  breaks: Break[],
): void {
  if (!isObject(json)) return;
  if (type.fullName === 'google.protobuf.Struct') return;
  const { '@type': typeUrl } = json;
  const own = typeof typeUrl === 'string' ? types.findMessage(toTypeName(typeUrl)) : type;
  if (own === undefined) return;
  breaks.push({ kind: 'unknown field', path: [...path, 'no_such_field'], value: 1 });
  for (const [key, value] of Object.entries(json)) {
    const field = own.fieldByName(key);
    if (field === undefined) continue;
    const fieldPath = [...path, key];
    breaks.push({ kind: 'missing', path: fieldPath, value: undefined });
    if (field.cardinality === 'map') {
      if (!isObject(value) || !field.isMessage) continue;
      for (const [name, entry] of Object.entries(value)) {
        collect(types, field.messageType, entry, [...fieldPath, name], breaks);
      }
    } else if (isList(value)) {
      const [first] = value;
      if (field.isMessage && first !== undefined) {
        breaks.push({ kind: 'duplicate', path: [...fieldPath, value.length], value: first });
      }
      value.forEach((element, i) => collectValue(types, field, element, [...fieldPath, i], breaks));
    } else collectValue(types, field, value, fieldPath, breaks);
  }
}

function collectValue(
  types: TypeRegistry,
  field: FieldType,
  value: Json,
  path: readonly (string | number)[],
  breaks: Break[],
): void {
  const add = (kind: FileKind, broken: Json): number => breaks.push({ kind, path, value: broken });
  if (!field.isMessage) {
    collectScalar(field, field.name, value, add);
    return;
  }
  const { fullName } = field.messageType;
  if (fullName === 'google.protobuf.Duration') {
    add('wrong type', 'soon');
    add('out of range', '-1s');
    add('out of range', '0s');
  } else if (isWrapper(fullName) && !isObject(value)) {
    const [inner] = field.messageType.fields;
    if (inner !== undefined) collectScalar(inner, field.name, value, add);
  } else {
    add('wrong type', 'text');
    collect(types, field.messageType, value, path, breaks);
  }
}

function collectScalar(
  field: FieldType,
  name: string,
  value: Json,
  add: (kind: FileKind, broken: Json) => void,
): void {
  add('wrong type', { a: 1 });
  if (field.scalar === undefined) {
    add('out of range', 'NO_SUCH_VALUE');
    return;
  }
  if (field.scalar === 'string') {
    add('out of range', '');
    if (name === 'regex') for (const regex of badRegexes) add('bad expression', regex);
    if (typeof value !== 'string') return;
    if (value.includes('%')) for (const text of ['%NO_SUCH%', '%', '%REQ(%']) add('bad expression', text);
    // The one cluster that the files have.
    if (value === 'c' && name !== 'key') add('dangling reference', 'gone');
    return;
  }
  if (field.scalar === 'bool') return;
  add('wrong type', 'seven');
  for (const number of [-1, 0, 4_294_967_296, 1.5]) add('out of range', number);
}

function replace(json: Json, [key, ...rest]: readonly (string | number)[], value: Json | undefined): Json {
  if (key === undefined) return value ?? null;
  if (isList(json)) {
    const copy = [...json];
    const index = Number(key);
    if (rest.length === 0 && value === undefined) copy.splice(index, 1);
    else copy[index] = rest.length === 0 ? (value ?? null) : replace(copy[index] ?? null, rest, value);
    return copy;
  }
  const copy: Record<string, Json> = { ...(isObject(json) ? json : {}) };
  if (rest.length === 0 && value === undefined) {
    return Object.fromEntries(Object.entries(copy).filter(([name]) => name !== key));
  }
  copy[key] = rest.length === 0 ? (value ?? null) : replace(copy[key] ?? null, rest, value);
  return copy;
}

function toText(path: readonly (string | number)[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1);
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
