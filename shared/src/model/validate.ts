import type { TSchema } from '@sinclair/typebox';
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value';
import type { Problem } from '../errors/problem.ts';
import { suggestion } from './did-you-mean.ts';
import { checkOf } from './schema.ts';

/**
 * Everything that is wrong with `value`: its shape first, then the checks of the parts whose shape is right.
 * An empty list means that `value` is a `Static<typeof schema>`. Paths are JSON pointers behind `basePath`.
 */
export function validate(schema: TSchema, value: unknown, basePath = ''): Problem[] {
  const byPath = new Map<string, Problem>();
  for (const error of Value.Errors(schema, value)) {
    // `format` is there for readers of the OpenAPI document; what it means is a check of ours.
    if (error.type === ValueErrorType.StringFormatUnknown) continue;
    // The first error of a path names the cause; what TypeBox adds for the same path only follows from it.
    if (!byPath.has(error.path)) {
      byPath.set(error.path, { path: basePath + error.path, message: describeError(error, value) });
    }
  }
  const problems = [...byPath.values()];
  runChecks(schema, value, '', [...byPath.keys()], (path, message) =>
    problems.push({ path: basePath + path, message }),
  );
  return problems;
}

type Report = (path: string, message: string) => void;

function runChecks(
  schema: TSchema,
  value: unknown,
  path: string,
  broken: readonly string[],
  report: Report,
): void {
  if (value === undefined || broken.includes(path)) return;
  if (Array.isArray(value)) {
    const items = schema['items'] as TSchema | undefined;
    if (items !== undefined)
      value.forEach((item, index) => runChecks(items, item, `${path}/${index}`, broken, report));
  } else if (typeof value === 'object' && value !== null) {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, TSchema>>;
    for (const [name, property] of Object.entries(properties)) {
      const child = Object.hasOwn(value, name)
        ? (value as Readonly<Record<string, unknown>>)[name]
        : undefined;
      runChecks(property, child, `${path}/${name}`, broken, report);
    }
  }
  const check = checkOf(schema);
  if (check === undefined || broken.some((brokenPath) => brokenPath.startsWith(`${path}/`))) return;
  const found = check(value);
  if (typeof found === 'string') report(path, found);
  else for (const problem of found ?? []) report(path + problem.path, problem.message);
}

function describeError(error: ValueError, root: unknown): string {
  const { schema, type } = error;
  switch (type) {
    case ValueErrorType.ObjectRequiredProperty:
      return 'is required';
    case ValueErrorType.ObjectAdditionalProperties: {
      const name = lastSegment(error.path);
      return `unknown field "${name.slice(0, 80)}"${suggestion(name, knownFields(schema, root, error.path))}`;
    }
    case ValueErrorType.Union:
    case ValueErrorType.Literal: {
      const words = literalsOf(schema);
      const hint = typeof error.value === 'string' ? suggestionOnly(error.value, words) : '';
      return `expected ${words.map((word) => JSON.stringify(word)).join(' or ')}, got ${show(error.value)}${hint}`;
    }
    case ValueErrorType.String:
      return `expected text, got ${show(error.value)}${typeof error.value === 'object' ? '' : '; write it in quotes'}`;
    case ValueErrorType.Integer:
      return `expected a whole number, got ${show(error.value)}`;
    case ValueErrorType.IntegerMinimum:
      return `must be at least ${String(schema['minimum'])}, got ${show(error.value)}`;
    case ValueErrorType.IntegerMaximum:
      return `must be at most ${String(schema['maximum'])}, got ${show(error.value)}`;
    case ValueErrorType.StringMinLength:
      return 'must not be empty';
    case ValueErrorType.StringMaxLength:
      return `must have at most ${String(schema['maxLength'])} characters`;
    case ValueErrorType.ArrayMinItems:
      return `needs at least ${String(schema['minItems'])} item`;
    case ValueErrorType.ArrayMaxItems:
      return `must have at most ${String(schema['maxItems'])} items`;
    case ValueErrorType.Array:
      return `expected a list, got ${show(error.value)}`;
    case ValueErrorType.Object:
      return `expected an object, got ${show(error.value)}`;
    default:
      return `${error.message}, got ${show(error.value)}`;
  }
}

/** TypeBox reports the object's schema for an unknown field; fields already given are no suggestion. */
function knownFields(schema: TSchema, root: unknown, path: string): string[] {
  const parent = valueAt(root, path.slice(0, path.lastIndexOf('/')));
  const given = typeof parent === 'object' && parent !== null ? Object.keys(parent) : [];
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, unknown>>;
  return Object.keys(properties).filter((name) => !given.includes(name));
}

function literalsOf(schema: TSchema): unknown[] {
  const anyOf = schema['anyOf'] as readonly TSchema[] | undefined;
  return anyOf === undefined ? [schema['const']] : anyOf.map((member) => member['const'] as unknown);
}

function suggestionOnly(word: string, words: readonly unknown[]): string {
  const text = suggestion(
    word,
    words.filter((known) => typeof known === 'string'),
  );
  return text.includes('did you mean') ? text : '';
}

function lastSegment(path: string): string {
  return unescapePointer(path.slice(path.lastIndexOf('/') + 1));
}

export function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

function valueAt(root: unknown, path: string): unknown {
  let current = root;
  for (const segment of path.split('/').slice(1).map(unescapePointer)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[segment];
  }
  return current;
}

/** A value in a message: short, and never deep. */
function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
