import { InvalidInputError } from '@heddle/shared/errors/problem';
import { compileRegex } from '@heddle/shared/lang/regex';
import type { Node, NodeMatcher, StringMatcher, StructMatcher, ValueMatcher } from '@heddle/shared/xds/api';
import type { JsonValue } from '@heddle/shared/xds/json-value';

type Matches<T> = (value: T) => boolean;

/**
 * Nodes that one of the matchers fits (`envoy.type.matcher.v3.NodeMatcher`); all nodes where there is none.
 *
 * @throws InvalidInputError for what matches nothing that can be known here
 */
export function compileNodeMatchers(matchers: readonly NodeMatcher[]): Matches<Node> {
  const compiled = matchers.map((matcher, index) => compileNodeMatcher(matcher, `node_matchers[${index}]`));
  return (node) => compiled.length === 0 || compiled.some((matches) => matches(node));
}

function compileNodeMatcher({ nodeId, nodeMetadatas }: NodeMatcher, path: string): Matches<Node> {
  const id = nodeId === undefined ? undefined : compileString(nodeId, `${path}.node_id`);
  const metadata = nodeMetadatas.map((matcher, index) =>
    compileStruct(matcher, `${path}.node_metadatas[${index}]`),
  );
  return (node) =>
    (id === undefined || id(node.id)) && metadata.every((matches) => matches(node.metadata as JsonValue));
}

function compileStruct(
  { path: segments, value }: StructMatcher,
  path: string,
): Matches<JsonValue | undefined> {
  const matches = compileValue(value ?? {}, `${path}.value`);
  const keys = segments.map(({ key }) => key ?? '');
  return (struct) => {
    let found = struct;
    for (const key of keys) found = memberOf(found, key);
    return matches(found);
  };
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, JsonValue>>)[key] : undefined;
}

function compileValue(matcher: ValueMatcher, path: string): Matches<JsonValue | undefined> {
  const { nullMatch, doubleMatch, stringMatch, boolMatch, presentMatch, listMatch, orMatch } = matcher;
  if (nullMatch !== undefined) return (value) => value === null;
  if (boolMatch !== undefined) return (value) => value === boolMatch;
  if (presentMatch !== undefined) return (value) => (value !== undefined) === presentMatch;
  if (stringMatch !== undefined) {
    const matches = compileString(stringMatch, `${path}.string_match`);
    return (value) => typeof value === 'string' && matches(value);
  }
  if (doubleMatch !== undefined) {
    const { exact, range } = doubleMatch;
    return (value) =>
      typeof value === 'number' &&
      (exact === undefined
        ? range !== undefined && range.start <= value && value < range.end
        : value === exact);
  }
  if (listMatch?.oneOf !== undefined) {
    const matches = compileValue(listMatch.oneOf, `${path}.list_match.one_of`);
    return (value) => Array.isArray(value) && value.some((item: JsonValue) => matches(item));
  }
  if (orMatch !== undefined) {
    const some = orMatch.valueMatchers.map((each, index) =>
      compileValue(each, `${path}.or_match.value_matchers[${index}]`),
    );
    return (value) => some.some((matches) => matches(value));
  }
  throw refusal(path, 'is required');
}

function compileString(matcher: StringMatcher, path: string): Matches<string> {
  const { exact, prefix, suffix, contains, safeRegex, ignoreCase } = matcher;
  if (safeRegex !== undefined) {
    const regex = compileRegex(safeRegex.regex);
    return (text) => regex.matchesFully(text);
  }
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const wanted = fold(exact ?? prefix ?? suffix ?? contains ?? '');
  if (exact !== undefined) return (text) => fold(text) === wanted;
  if (prefix !== undefined) return (text) => fold(text).startsWith(wanted);
  if (suffix !== undefined) return (text) => fold(text).endsWith(wanted);
  if (contains !== undefined) return (text) => fold(text).includes(wanted);
  throw refusal(path, 'has no pattern that is known here');
}

function refusal(path: string, message: string): InvalidInputError {
  return new InvalidInputError([{ path, message }]);
}
