import { suggestion } from '../model/did-you-mean.ts';
import { integerBounds } from './encode-message.ts';
import type { EnumType, ScalarKind } from './message-type.ts';
import { readBase64Text } from './proto-json-texts.ts';

/** A value, or what is wrong with the JSON that should have been one. */
export type Read<T> = { readonly value: T } | { readonly mistake: string };

/**
 * JSON → scalar with the leniency of Envoy's parser: numbers as strings (hexadecimal, too), integers written as
 * fractions or with an exponent, booleans as words.
 */
export function readScalarJson(kind: ScalarKind, json: unknown): Read<unknown> {
  switch (kind) {
    case 'string':
      return typeof json === 'string' ? { value: json } : expected('a string', json);
    case 'bool':
      return readBoolean(json);
    case 'bytes': {
      const value = typeof json === 'string' ? readBase64Text(json) : undefined;
      if (value !== undefined) return { value };
      return typeof json === 'string'
        ? { mistake: 'the string is not base64' }
        : expected('a string in base64', json);
    }
    case 'double':
    case 'float':
      return readFloat(kind, json);
    default:
      return readInteger(kind, json);
  }
}

/** Names in any case; numbers, also unknown ones, which stay numbers. */
export function readEnumJson(type: EnumType, json: unknown): Read<string | number> {
  if (typeof json === 'string') {
    const name = json.toUpperCase();
    if (type.numberByName.has(json)) return { value: canonicalName(type, json) };
    for (const known of type.numberByName.keys()) {
      if (known.toUpperCase() === name) return { value: canonicalName(type, known) };
    }
    if (!/^[-+]?\d+$/.test(json)) {
      const names = [...type.numberByName.keys()];
      return { mistake: `${shown(json)} is not a value of ${type.fullName}${suggestion(json, names)}` };
    }
  } else if (typeof json !== 'number') {
    return expected('the name of a value', json);
  }
  const read = readInteger('int32', json);
  return 'mistake' in read ? read : { value: type.nameByNumber.get(read.value) ?? read.value };
}

/** Keys of maps: strings that must spell the key's kind. */
export function readMapKeyJson(kind: ScalarKind, key: string): Read<string> {
  if (kind === 'string') return { value: key };
  if (kind === 'bool') {
    return key === 'true' || key === 'false'
      ? { value: key }
      : { mistake: 'the key must be "true" or "false"' };
  }
  const read = /^[-+]?\d+$/.test(key)
    ? readInteger(kind as IntegerKind, key)
    : notOne('an integer as key', key);
  return 'mistake' in read ? read : { value: String(read.value) };
}

export function expected(wanted: string, json: unknown): { readonly mistake: string } {
  return { mistake: `expected ${wanted}, found ${describe(json)}` };
}

/** For kinds that hold no secrets: a string is shown. */
function notOne(wanted: string, json: unknown): { readonly mistake: string } {
  return typeof json === 'string'
    ? { mistake: `expected ${wanted}, found ${shown(json)}` }
    : expected(wanted, json);
}

type IntegerKind = keyof typeof integerBounds;

const trueWords: ReadonlySet<string> = new Set(['true', 't', 'yes', 'y', '1']);
const falseWords: ReadonlySet<string> = new Set(['false', 'f', 'no', 'n', '0']);

function readBoolean(json: unknown): Read<boolean> {
  if (typeof json === 'boolean') return { value: json };
  const word = typeof json === 'string' ? json.toLowerCase() : '';
  if (trueWords.has(word)) return { value: true };
  if (falseWords.has(word)) return { value: false };
  return notOne('true or false', json);
}

function readInteger(kind: IntegerKind, json: unknown): Read<number> {
  const value = typeof json === 'string' ? readNumberText(json) : json;
  if (typeof value !== 'number' || !Number.isFinite(value)) return notOne('an integer', json);
  if (!Number.isInteger(value)) return { mistake: `expected an integer, found the fraction ${value}` };
  const [minimum, maximum] = integerBounds[kind];
  if (value < minimum || value > maximum) return { mistake: `${value} is out of the range of ${kind}` };
  return { value: value === 0 ? 0 : value };
}

function readFloat(kind: 'double' | 'float', json: unknown): Read<number> {
  const value = typeof json === 'string' ? readFloatText(json) : json;
  if (typeof value !== 'number') return notOne('a number', json);
  if (kind === 'double') return { value };
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded))
    return { mistake: `${value} is out of the range of float` };
  return { value: rounded };
}

function readFloatText(text: string): number | undefined {
  if (text === 'NaN') return NaN;
  if (text === 'Infinity') return Infinity;
  return text === '-Infinity' ? -Infinity : readNumberText(text);
}

function readNumberText(text: string): number | undefined {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  const hexadecimal = /^([-+]?)(0[xX][0-9a-fA-F]+)$/.exec(text);
  if (hexadecimal === null) return undefined;
  return hexadecimal[1] === '-' ? -Number(hexadecimal[2]) : Number(hexadecimal[2]);
}

function canonicalName(type: EnumType, name: string): string {
  return type.nameByNumber.get(type.numberByName.get(name) ?? 0) ?? name;
}

/** Kinds, not contents of strings: those may be secret. */
function describe(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  switch (typeof json) {
    case 'object':
      return 'an object';
    case 'number':
      return `the number ${json}`;
    case 'boolean':
      return `the boolean ${json}`;
    default:
      return typeof json === 'string' ? 'a string' : typeof json;
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
